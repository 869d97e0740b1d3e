package debian

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Store is a folder that keeps fetched files: Debian's mirrors drop old versions.
type Store string

// File is a file of Debian's archive on this machine.
type File struct {
	Pin
	// Path is where it is.
	Path string
}

// Fetch returns a file of each package, in the same order, from the store or else
// from the machine's mirror. The file's digest is that of a pin in any case.
func (s Store) Fetch(ctx context.Context, say Say, packages ...string) ([]File, error) {
	files := make([]File, len(packages))
	wanted := map[int][]Pin{}
	var suites []Pin
	for i, name := range packages {
		pins, err := Pins(name)
		if err != nil {
			return nil, err
		}
		if files[i] = s.find(pins); files[i].Path == "" {
			wanted[i] = pins
			suites = append(suites, pins...)
		}
	}
	if len(wanted) == 0 {
		return files, nil
	}
	say("fetching packages from the Debian mirror of this machine: %s", strings.Join(names(wanted), ", "))
	return files, s.fetch(ctx, suites, wanted, files)
}

func names(wanted map[int][]Pin) []string {
	var list []string
	for _, pins := range wanted {
		list = append(list, pins[0].Package)
	}
	slices.Sort(list)
	return list
}

// find looks for one of the pins in the store. A file with another digest is as good
// as none: it will be replaced.
func (s Store) find(pins []Pin) File {
	for _, p := range pins {
		path := filepath.Join(string(s), p.file())
		if verify(path, p) == nil {
			return File{p, path}
		}
	}
	return File{}
}

func (s Store) fetch(ctx context.Context, suites []Pin, wanted map[int][]Pin, files []File) error {
	m, err := findMirrors(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(s), 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(string(s), "apt-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	a, err := newApt(ctx, dir, m, suites)
	if err != nil {
		return fmt.Errorf("fetching package lists: %w", err)
	}
	for i, pins := range wanted {
		if files[i], err = s.first(ctx, a, pins); err != nil {
			return err
		}
	}
	return nil
}

// first downloads the first pin that the mirror still has.
func (s Store) first(ctx context.Context, a apt, pins []Pin) (File, error) {
	var all []error
	for _, p := range pins {
		path, err := a.download(ctx, p)
		if err == nil {
			// Never another one because of a digest: that is no matter of age.
			if err := verify(path, p); err != nil {
				return File{}, err
			}
			kept := filepath.Join(string(s), p.file())
			return File{p, kept}, os.Rename(path, kept)
		}
		all = append(all, err)
	}
	p := pins[0]
	return File{}, fmt.Errorf("%w\n%s", errors.Join(all...), s.wayOut(p, a.offered(ctx, p)))
}

// wayOut says what to do when Debian has dropped all pinned versions.
func (s Store) wayOut(p Pin, offered string) string {
	return fmt.Sprintf("no pinned version of %s can be had. The mirror offers:\n%s\n"+
		"Either put the file %s into %s (its SHA-256 is %s; Debian's snapshot archive keeps all versions),\n"+
		"or add a version to tests/local/debian/pins.txt with its SHA-256; "+
		"see \"When Debian has dropped a version\" in docs/kernel.md for what changes then",
		p.Package, offered, p.file(), string(s), p.SHA256)
}

// verify compares the file's digest with the pin's.
func verify(path string, p Pin) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.SHA256 {
		return fmt.Errorf("%s %s has the SHA-256 %s, and pins.txt says %s: it is not the file that was tried here",
			p.Package, p.Version, got, p.SHA256)
	}
	return nil
}

// Unpack puts the content of a file into a folder: the files of a binary package,
// or the tree of a source archive. Nothing of it is run or installed.
func (f File) Unpack(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	args := []string{"dpkg-deb", "-x", f.Path, dir}
	if f.Source {
		args = []string{"tar", "-C", dir, "-xJf", f.Path}
	}
	if _, err := output(exec.CommandContext(ctx, args[0], args[1:]...)); err != nil { //nolint:gosec // a pinned file
		return fmt.Errorf("unpacking %s: %w", strings.TrimSuffix(f.file(), ".deb"), err)
	}
	return nil
}
