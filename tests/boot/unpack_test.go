package boot

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
)

// longName is as long as Linux allows, below folders that take it beyond the old tar
// header.
var longName = strings.Repeat("folder/", 20) + strings.Repeat("n", 255)

// bigContent is more than the kernel's unpacker takes at once.
var bigContent = strings.Repeat("0123456789abcdef", 200_000) + "."

// layers are two of an image with all that a ramdisk can carry.
var layers = [][]tar.Header{
	{
		{Typeflag: tar.TypeDir, Name: "app/", Mode: 0o711, Uid: 65532, Gid: 65532},
		{Typeflag: tar.TypeReg, Name: "app/signer", Mode: 0o4755, Uid: 65532, Gid: 1 << 20},
		{Typeflag: tar.TypeReg, Name: "app/big", Mode: 0o600},
		{Typeflag: tar.TypeReg, Name: "app/empty", Mode: 0o444},
		{Typeflag: tar.TypeReg, Name: "etc/gone", Mode: 0o644},
		{Typeflag: tar.TypeSymlink, Name: "lib", Linkname: "usr/lib", Mode: 0o777, Uid: 7},
		{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777},
	},
	{
		{Typeflag: tar.TypeReg, Name: "etc/.wh.gone", Mode: 0o644},
		{Typeflag: tar.TypeLink, Name: "usr/bin/signer", Linkname: "app/signer"},
		{Typeflag: tar.TypeLink, Name: "a-first-name", Linkname: "app/signer"},
		{Typeflag: tar.TypeLink, Name: "zero", Linkname: "app/empty"},
		{Typeflag: tar.TypeReg, Name: "lib/x.so", Mode: 0o644},
		{Typeflag: tar.TypeReg, Name: longName, Mode: 0o640},
		{Typeflag: tar.TypeSymlink, Name: "absolute", Linkname: "/etc/passwd", Mode: 0o777},
	},
}

// contents of the files; the others hold their own name.
var contents = map[string]string{"app/big": bigContent, "app/empty": ""}

// TestKernelUnpacks builds an image as `chamber eif build` does, and asks the kernel
// what it has made of the ramdisks.
func TestKernelUnpacks(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	build := imagebuild.Request{
		Image: writeLayout(t, filepath.Join(dir, "layout")), Architecture: eif.X8664,
		Kernel: m.kernel, Init: m.guest, Output: filepath.Join(dir, "image.eif"),
	}
	result, err := imagebuild.Build(t.Context(), build)
	if err != nil {
		t.Fatal(err)
	}
	r := m.once(t, m.launcher(), request(build.Output), nil)
	wantRegisters(t, r, result.Measurements, zero, noInstance)
	want := `40755 0:0 
104755 65532:1048576 x3 /a-first-name app/signer
120777 0:0 /absolute -> /etc/passwd
40711 65532:65532 /app
100600 0:0 /app/big app/big
100444 0:0 x2 /app/empty app/empty
104755 65532:1048576 x3 /app/signer app/signer
40755 0:0 /dev
40755 0:0 /etc
LONG
120777 7:0 /lib -> usr/lib
40755 0:0 /proc
40755 0:0 /run
40755 0:0 /sys
41777 0:0 /tmp
40755 0:0 /usr
40755 0:0 /usr/bin
104755 65532:1048576 x3 /usr/bin/signer app/signer
40755 0:0 /usr/lib
100644 0:0 /usr/lib/x.so lib/x.so
40755 0:0 /var
100444 0:0 x2 /zero app/empty
`
	if diff := cmp.Diff(strings.Replace(want, "LONG\n", longLines(), 1), show(r.Files)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func longLines() string {
	var b strings.Builder
	for i := range 20 {
		b.WriteString("40755 0:0 " + strings.Repeat("/folder", i+1) + "\n")
	}
	return b.String() + "100640 0:0 /" + longName + " " + longName + "\n"
}

// show names contents by the entry that they come from.
func show(files []report.File) string {
	names := map[string]string{}
	for _, headers := range layers {
		for _, h := range headers {
			names[fmt.Sprintf("%x", sha256.Sum256([]byte(contentOf(h))))] = h.Name
		}
	}
	names[fmt.Sprintf("%x", sha256.Sum256(nil))] = "app/empty"
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%o %d:%d ", f.Mode, f.UID, f.GID)
		if f.Mode>>12 == 8 && f.Links > 1 {
			fmt.Fprintf(&b, "x%d ", f.Links)
		}
		b.WriteString(strings.TrimPrefix(f.Path, "/rootfs"))
		switch f.Mode >> 12 {
		case 8:
			b.WriteString(" " + names[f.Content])
		case 10:
			b.WriteString(" -> " + f.Content)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func contentOf(h tar.Header) string {
	if h.Typeflag != tar.TypeReg || strings.Contains(h.Name, ".wh.") {
		return ""
	}
	if content, ok := contents[h.Name]; ok {
		return content
	}
	return h.Name
}

// writeLayout writes the layers as an image in OCI layout.
func writeLayout(t *testing.T, dir string) string {
	t.Helper()
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		Architecture: "amd64", OS: "linux", RootFS: v1.RootFS{Type: "layers"}, Config: v1.Config{Entrypoint: []string{"/app/signer"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, headers := range layers {
		data := layerTar(t, headers)
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := layout.Write(dir, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img})); err != nil {
		t.Fatal(err)
	}
	return dir
}

func layerTar(t *testing.T, headers []tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		content := contentOf(h)
		h.Size = int64(len(content))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
