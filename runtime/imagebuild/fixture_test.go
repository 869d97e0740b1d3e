package imagebuild

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// fakeKernel has what is looked at of a bzImage.
func fakeKernel() []byte {
	b := make([]byte, 0x300)
	copy(b[bzImageMagicAt:], "HdrS")
	binary.LittleEndian.PutUint16(b[bzImageReleaseAt:], 0x80)
	copy(b[pointerBase+0x80:], "6.12.117 (builder@host) #1\x00")
	return append(b, "the kernel"...)
}

// fakeARM64Kernel has what is looked at of an arm64 Image.
func fakeARM64Kernel() []byte {
	b := make([]byte, 64)
	copy(b[arm64MagicAt:], "ARM\x64")
	return b
}

// fakeInit is an ELF header, with one program header of the type.
func fakeInit(machine elf.Machine, segment elf.ProgType) []byte {
	var b bytes.Buffer
	h := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
	}
	err := errors.Join(binary.Write(&b, binary.LittleEndian, h), binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(segment)}))
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

func write(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, content, 0o666)); err != nil {
		t.Fatal(err)
	}
	return path
}

// request has everything but the payload.
func request(t testing.TB, dir string) Request {
	t.Helper()
	return Request{
		Architecture: eif.X8664,
		Kernel:       write(t, filepath.Join(dir, "bzImage"), fakeKernel()),
		Init:         write(t, filepath.Join(dir, "init"), fakeInit(elf.EM_X86_64, elf.PT_LOAD)),
		Output:       filepath.Join(dir, "out.eif"),
	}
}

// image is a small one for linux/amd64 whose last layer has the given files.
func image(t testing.TB, files map[string]string) v1.Image {
	t.Helper()
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		Architecture: "amd64", OS: "linux", RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{"/app/signer"}, Cmd: []string{"--config", "/etc/signer.yaml"},
			Env: []string{"PATH=/app", "LEVEL=info"}, User: "65532:65532", WorkingDir: "/app",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	base := map[string]string{"etc/passwd": "root", "tmp/": ""}
	for _, content := range []map[string]string{base, files} {
		data := layerTar(t, content)
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
		if err == nil {
			img, err = mutate.AppendLayers(img, layer)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return img
}

// layerTar writes files in the random order of a map.
func layerTar(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, content := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Uid: 12, Size: int64(len(content))}
		if name[len(name)-1] == '/' {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
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
