package podimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

// Annotations of an index by which tools find an image: the first is OCI's, the second
// containerd's, which wants the whole reference.
const (
	annotationRef        = "org.opencontainers.image.ref.name"
	annotationContainerd = "io.containerd.image.name"
)

// WriteLayout writes a folder in OCI layout, with the referrers. The folder must not be
// there, or be empty. What fails half-way is removed.
func (s Set) WriteLayout(dir, reference string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return fault.Fault{Property: "layout", Value: dir, Rule: "is there and is not empty", WayOut: "name a new folder"}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.writeLayout(dir, reference); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return nil
}

func (s Set) writeLayout(dir, reference string) error {
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	named := layout.WithAnnotations(map[string]string{annotationRef: reference, annotationContainerd: reference})
	if len(s.Images) == 1 {
		err = path.AppendImage(s.Images[0].Image, named, layout.WithPlatform(s.Images[0].Plan.Platform))
	} else {
		err = path.AppendIndex(s.index(), named)
	}
	if err != nil {
		return err
	}
	referrers, err := s.referrers()
	for _, r := range referrers {
		err = errors.Join(err, appendReferrer(path, r))
	}
	return err
}

// appendReferrer lists an artifact in the layout's index, where tools look for it.
func appendReferrer(path layout.Path, r v1.Image) error {
	return path.AppendImage(r)
}

// WriteArchive writes one file that has the folder in OCI layout in it: what
// `ctr images import`, `podman load` and newer `docker load` take. What was at the path
// is replaced when all has succeeded.
func (s Set) WriteArchive(ctx context.Context, file, reference string) error {
	dir, err := os.MkdirTemp(filepath.Dir(file), ".layout-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := s.writeLayout(dir, reference); err != nil {
		return err
	}
	draft, err := imagebuild.NewDraft(file)
	if err != nil {
		return err
	}
	defer draft.Discard()
	if err := archive(ctx, draft, os.DirFS(dir)); err != nil {
		return err
	}
	return draft.Keep()
}

// archive writes a tar with sorted names, one time and one owner.
func archive(ctx context.Context, w io.Writer, dir fs.FS) error {
	out := tar.NewWriter(w)
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		return add(out, dir, path, d)
	})
	if err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return out.Close()
}

func add(out *tar.Writer, dir fs.FS, path string, d fs.DirEntry) error {
	if d.IsDir() {
		return out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: path + "/", Mode: 0o755, ModTime: epoch, Format: tar.FormatPAX})
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Size: info.Size(), Mode: 0o644, ModTime: epoch, Format: tar.FormatPAX}); err != nil {
		return err
	}
	r, err := dir.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return errors.Join(err, r.Close())
}
