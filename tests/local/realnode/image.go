package realnode

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// Image is a container image of one layer.
type Image struct {
	// Ref is its name with a tag.
	Ref string
	// Files are the executable files, by their path in the image; the value is where
	// the content is on this machine.
	Files map[string]string
	// Entrypoint is the program with its arguments.
	Entrypoint []string
}

// WriteTo writes the image as a docker archive.
func (i Image) WriteTo(path string) error {
	tag, err := name.NewTag(i.Ref)
	if err != nil {
		return err
	}
	content, err := i.layer()
	if err != nil {
		return err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: "amd64", OS: "linux", Config: v1.Config{Entrypoint: i.Entrypoint},
		RootFS: v1.RootFS{Type: "layers", DiffIDs: diffIDs(image)},
	})
	if err != nil {
		return err
	}
	return tarball.WriteToFile(path, tag, image)
}

func diffIDs(image v1.Image) []v1.Hash {
	config, err := image.ConfigFile()
	if err != nil {
		return nil
	}
	return config.RootFS.DiffIDs
}

// layer is the tar archive of the files, with the folders above them.
func (i Image) layer() ([]byte, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	known := map[string]bool{".": true, "/": true}
	paths := make([]string, 0, len(i.Files))
	for path := range i.Files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if err := addFolders(archive, filepath.Dir(path), known); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(i.Files[path])
		if err != nil {
			return nil, err
		}
		header := &tar.Header{Name: strings.TrimPrefix(path, "/"), Mode: 0o755, Size: int64(len(data))}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(data); err != nil {
			return nil, err
		}
	}
	return buffer.Bytes(), archive.Close()
}

func addFolders(archive *tar.Writer, dir string, known map[string]bool) error {
	if known[dir] {
		return nil
	}
	known[dir] = true
	if err := addFolders(archive, filepath.Dir(dir), known); err != nil {
		return err
	}
	return archive.WriteHeader(&tar.Header{Name: strings.TrimPrefix(dir, "/") + "/", Typeflag: tar.TypeDir, Mode: 0o755})
}

// Compile builds a static program of the tests module, for an image: source is its
// package's path, such as "./node/payload".
func Compile(ctx context.Context, source, path string) error {
	root, err := tools.ModuleRoot()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", path, source) //nolint:gosec // a package of this module
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", source, err, out)
	}
	return nil
}

// writePause makes the archive of the pause image.
func writePause(ctx context.Context, dir string) error {
	program := filepath.Join(dir, "pause")
	if err := Compile(ctx, "./local/realnode/pause", program); err != nil {
		return err
	}
	image := Image{Ref: pauseImage, Files: map[string]string{"/pause": program}, Entrypoint: []string{"/pause"}}
	return image.WriteTo(filepath.Join(dir, pauseArchive))
}
