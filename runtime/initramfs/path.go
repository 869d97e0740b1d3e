package initramfs

import (
	"fmt"
	"strings"
)

// Bounds of the kernel. Its unpacker skips an entry beyond them without a word
// (init/initramfs.c compares with PATH_MAX, which counts the final NUL), so they are
// refused here.
const (
	maxPath = 4095
	maxName = 255
)

// trailer is the name that ends a newc archive; a file of this name would end it too
// early.
const trailer = "TRAILER!!!"

// cleanPath returns a path relative to the root, with one slash between its names,
// from one that may be absolute or begin with "./", as layers have them. The root
// itself is "". Paths that climb with ".." are refused and not resolved: no tool that
// makes images writes them.
func cleanPath(path string) (string, error) {
	if strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("path %q contains a NUL", path)
	}
	names := splitPath(path)
	for _, name := range names {
		if name == ".." {
			return "", fmt.Errorf("path %q climbs with \"..\"", path)
		}
		if len(name) > maxName {
			return "", fmt.Errorf("path %q has a name of %d bytes; Linux allows %d", path, len(name), maxName)
		}
	}
	clean := strings.Join(names, "/")
	if len(clean) > maxPath {
		return "", fmt.Errorf("path %.40q… is %d bytes long; Linux allows %d", clean, len(clean), maxPath)
	}
	return clean, nil
}

// splitPath returns the names of a path without empty ones and ".". It keeps "..".
func splitPath(path string) []string {
	names := strings.Split(path, "/")
	kept := names[:0]
	for _, name := range names {
		if name != "" && name != "." {
			kept = append(kept, name)
		}
	}
	return kept
}

// checkTarget refuses targets of symbolic links that the kernel would skip.
func checkTarget(path, target string) error {
	switch {
	case target == "":
		return fmt.Errorf("symbolic link %q has no target", path)
	case strings.ContainsRune(target, 0):
		return fmt.Errorf("symbolic link %q has a NUL in its target", path)
	case len(target) > maxPath:
		return fmt.Errorf("symbolic link %q has a target of %d bytes; Linux allows %d", path, len(target), maxPath)
	}
	return nil
}
