package imagebuild

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs/newc"
)

// ramdisks lists the files of an image's two ramdisks, read without the writer's code.
func ramdisks(t testing.TB, path string) [2]string {
	t.Helper()
	im, err := eif.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = im.Close() }()
	var all [2]string
	if n := len(im.Ramdisks()); n != len(all) {
		t.Fatalf("image has %d ramdisks", n)
	}
	for i, c := range im.Ramdisks() {
		r, err := c.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = listNewc(t, b)
	}
	return all
}

func listNewc(t testing.TB, b []byte) string {
	t.Helper()
	var out strings.Builder
	r := newc.NewReader(bytes.NewReader(b), int64(len(b)))
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r.Content(e))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%06o %d:%d %s", e.Mode, e.UID, e.GID, e.Name)
		if len(content) > 0 && !bytes.HasPrefix(content, []byte("\x7fELF")) {
			fmt.Fprintf(&out, " = %q", content)
		}
		out.WriteByte('\n')
	}
}

// build builds and returns the result.
func build(t testing.TB, r Request) Result {
	t.Helper()
	result, err := Build(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// withLayout gives the request an image in OCI layout.
func withLayout(t testing.TB, r Request, files map[string]string) Request {
	t.Helper()
	dir := filepath.Join(filepath.Dir(r.Output), "layout")
	path, err := layout.Write(dir, emptyIndex())
	if err == nil {
		err = path.AppendImage(image(t, files), layout.WithAnnotations(map[string]string{annotationName: "v1"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Image = dir
	return r
}

func TestRamdisks(t *testing.T) {
	dir := t.TempDir()
	r := withLayout(t, request(t, dir), map[string]string{"app/signer": "program"})
	r.Policy = write(t, filepath.Join(dir, "p.json"), []byte(`{"version":1}`))
	r.NSMModule = write(t, filepath.Join(dir, "nsm.ko"), []byte("module"))
	r.Env = []string{"LEVEL=debug", "MORE=1"}
	build(t, r)
	want := [2]string{`040755 0:0 dev
100755 0:0 init
100755 0:0 nsm.ko = "module"
`, `100644 0:0 cmd = "/app/signer\n--config\n/etc/signer.yaml\n"
100644 0:0 env = "PATH=/app\nLEVEL=debug\nMORE=1\n"
100644 0:0 policy.json = "{\"version\":1}"
040755 0:0 rootfs
040755 0:0 rootfs/app
100755 12:0 rootfs/app/signer = "program"
040755 0:0 rootfs/dev
040755 0:0 rootfs/etc
100755 12:0 rootfs/etc/passwd = "root"
040755 0:0 rootfs/proc
040755 0:0 rootfs/run
040755 0:0 rootfs/sys
040755 12:0 rootfs/tmp
040755 0:0 rootfs/var
100644 0:0 settings.json = "{\"user\":\"65532:65532\",\"workingDir\":\"/app\"}\n"
`}
	if diff := cmp.Diff(want, ramdisks(t, r.Output)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFolderRamdisk also makes the folders that a bare folder lacks, and leaves links in
// their place as they are.
func TestFolderRamdisk(t *testing.T) {
	dir := t.TempDir()
	r := request(t, dir)
	r.RootFS = filepath.Join(dir, "root")
	write(t, filepath.Join(r.RootFS, "signer"), []byte("x"))
	if err := os.Symlink("usr/var", filepath.Join(r.RootFS, "var")); err != nil {
		t.Fatal(err)
	}
	r.Command, r.User, r.WorkingDir = []string{"/signer", ""}, "7", "/tmp"
	build(t, r)
	want := `100644 0:0 cmd = "/signer\n\n"
100644 0:0 env
040755 0:0 rootfs
040755 0:0 rootfs/dev
040755 0:0 rootfs/proc
040755 0:0 rootfs/run
100644 0:0 rootfs/signer = "x"
040755 0:0 rootfs/sys
041777 0:0 rootfs/tmp
120777 0:0 rootfs/var = "usr/var"
100644 0:0 settings.json = "{\"user\":\"7\",\"workingDir\":\"/tmp\"}\n"
`
	if diff := cmp.Diff(want, ramdisks(t, r.Output)[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
