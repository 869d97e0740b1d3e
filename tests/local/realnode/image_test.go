package realnode

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestImageHasItsFilesAndTheFoldersAboveThem(t *testing.T) {
	source := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(source, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	image := Image{
		Ref: "node.test/x:1", Entrypoint: []string{"/usr/bin/a", "b"},
		Files: map[string]string{"/usr/bin/a": source, "/usr/bin/c": source, "/d": source},
	}
	if err := image.WriteTo(archive); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(image.Ref)
	if err != nil {
		t.Fatal(err)
	}
	read, err := tarball.ImageFromPath(archive, &tag)
	if err != nil {
		t.Fatal(err)
	}
	config, err := read.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(image.Entrypoint, config.Config.Entrypoint); diff != "" {
		t.Error(diff)
	}
	var files []string
	content := tar.NewReader(mutate.Extract(read))
	for {
		header, err := content.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, header.FileInfo().Mode().String()+" "+header.Name)
	}
	want := []string{"-rwxr-xr-x d", "drwxr-xr-x usr", "drwxr-xr-x usr/bin", "-rwxr-xr-x usr/bin/a", "-rwxr-xr-x usr/bin/c"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := (Image{Ref: "No:Tag:", Files: nil}).WriteTo(archive); err == nil {
		t.Error("a name that is none was accepted")
	}
}
