package emulator

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
)

// libraryDir is where Debian's loader looks without being told to (ld.so(8)).
const libraryDir = "/lib/x86_64-linux-gnu"

// File is a file that the emulator needs.
type File struct {
	// Path is where it has to be in an image.
	Path string
	// Source is the file on this machine, and no link.
	Source string
}

// Files lists all that an image needs to run the programs in dir, an absolute path in
// that image, when it has nothing else: the programs, the machine's ROMs, the loader and
// the libraries, which are those of this machine. They are sorted by Path.
func Files(ctx context.Context, p qemu.Programs, dir string) ([]File, error) {
	to := qemu.ProgramsIn(dir)
	sources := map[string]string{to.QEMU: p.QEMU, to.Vsock: p.Vsock}
	for _, name := range qemu.ROMs() {
		sources[path.Join(to.Firmware, name)] = filepath.Join(p.Firmware, name)
	}
	for _, program := range []string{p.QEMU, p.Vsock} {
		if err := addLibraries(ctx, sources, program); err != nil {
			return nil, fmt.Errorf("listing the libraries of %s: %w", program, err)
		}
	}
	var files []File
	for to, from := range sources {
		source, err := filepath.EvalSymlinks(from)
		if err != nil {
			return nil, err
		}
		files = append(files, File{to, source})
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// addLibraries asks the program's own loader what it would load.
func addLibraries(ctx context.Context, sources map[string]string, program string) error {
	loader, err := loaderOf(program)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, loader, "--list", program) //nolint:gosec // programs of Build
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w: %s", err, stderr.String())
	}
	libraries, err := parseList(out)
	if err != nil {
		return err
	}
	sources[loader] = loader
	for name, source := range libraries {
		sources[path.Join(libraryDir, name)] = source
	}
	return nil
}

// loaderOf is the interpreter that the kernel starts in the program's place.
func loaderOf(program string) (string, error) {
	file, err := elf.Open(program)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			data, err := io.ReadAll(p.Open())
			return strings.TrimRight(string(data), "\x00"), err
		}
	}
	return "", fmt.Errorf("%s names no loader", program)
}

// parseList reads "name => path (address)" lines. Lines without an arrow are the kernel's
// own library and the loader. Libraries for newer processors only, which a loader prefers
// on this one, have their own folders, and must not be what an image has.
func parseList(out []byte) (map[string]string, error) {
	libraries := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		name, rest, found := strings.Cut(strings.TrimSpace(lines.Text()), " => ")
		if !found || path.IsAbs(name) {
			continue
		}
		source, _, _ := strings.Cut(rest, " (0x")
		if !path.IsAbs(source) {
			return nil, fmt.Errorf("%s: %s", name, rest)
		}
		if strings.Contains(source, "/glibc-hwcaps/") {
			return nil, fmt.Errorf("%s is for newer processors than an image may count on", source)
		}
		libraries[name] = source
	}
	return libraries, nil
}
