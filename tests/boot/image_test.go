package boot

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// image is an EIF for the guest of these tests.
type image struct {
	path         string
	measurements eif.Measurements
}

// build makes an image: the guest is the bootstrap ramdisk's init, application the
// one file of the customer's.
func (m *machine) build(t *testing.T, application string, changes ...func(*eif.Spec)) image {
	t.Helper()
	spec := eif.Spec{
		Architecture: eif.X8664, Kernel: file(t, m.kernel), Cmdline: kernel.CommandLine,
		Ramdisks: []eif.Content{
			ramdisk(t, "init", file(t, m.guest)), ramdisk(t, "rootfs/application", blob.Bytes([]byte(application))),
		},
		Metadata: eif.Metadata{ImageName: "boot-test", BuildMetadata: eif.BuildMetadata{BuildTime: eif.FormatTime(time.Unix(0, 0))}},
	}
	for _, change := range changes {
		change(&spec)
	}
	im := image{path: filepath.Join(t.TempDir(), "image.eif")}
	out, err := os.Create(im.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	if im.measurements, err = eif.Build(t.Context(), out, spec); err != nil {
		t.Fatal(err)
	}
	return im
}

func file(t *testing.T, path string) eif.Content {
	t.Helper()
	content, err := blob.File(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func ramdisk(t *testing.T, path string, content eif.Content) eif.Content {
	t.Helper()
	tree := initramfs.NewTree()
	if err := tree.File(path, initramfs.Attributes{Mode: 0o755}, content); err != nil {
		t.Fatal(err)
	}
	archive, err := tree.Archive()
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// newSigner makes a key on P-384, which is what AWS's guide uses, and its certificate.
func newSigner(t *testing.T) *eif.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "boot-test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := eif.NewSigner(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// buildFromFolder makes an image as `chamber eif build --rootfs` does.
func (m *machine) buildFromFolder(t *testing.T, application string, signer *eif.Signer) image {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "application"), []byte(application), 0o600); err != nil {
		t.Fatal(err)
	}
	im := image{path: filepath.Join(t.TempDir(), "image.eif")}
	result, err := imagebuild.Build(t.Context(), imagebuild.Request{
		RootFS: root, Architecture: eif.X8664, Kernel: m.kernel, Init: m.guest, Command: []string{"/application"},
		Signer: signer, Output: im.path,
	})
	if err != nil {
		t.Fatal(err)
	}
	im.measurements = result.Measurements
	return im
}

func signedBy(signer *eif.Signer) func(*eif.Spec) {
	return func(s *eif.Spec) { s.Signer = signer }
}

// changed returns a copy of the image in which change has altered the file.
func (im image) changed(t *testing.T, change func(data []byte) []byte) image {
	t.Helper()
	data, err := os.ReadFile(im.path)
	if err != nil {
		t.Fatal(err)
	}
	other := image{path: filepath.Join(t.TempDir(), "changed.eif"), measurements: im.measurements}
	if err := os.WriteFile(other.path, change(bytes.Clone(data)), 0o600); err != nil {
		t.Fatal(err)
	}
	return other
}

// buildGuest builds the guest as a static program.
func buildGuest(t *testing.T) string {
	t.Helper()
	return buildProgram(t, ".", "./boot/guest")
}

// buildProgram builds a static program for the enclave, as make enclave-init does. module is the folder of its
// module, seen from that of the tests.
func buildProgram(t *testing.T, module, source string) string {
	t.Helper()
	root, err := tools.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(source))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", path, source) //nolint:gosec // fixed
	cmd.Dir = filepath.Join(root, module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", source, err, out)
	}
	return path
}
