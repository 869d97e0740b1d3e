package podimage

import (
	"archive/tar"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

// contents unpacks an image as a container runtime does.
func contents(t *testing.T, image v1.Image) (map[string]string, []string) {
	t.Helper()
	r := mutate.Extract(image)
	defer func() { _ = r.Close() }()
	files, list := map[string]string{}, []string{}
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, list
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(time.Unix(0, 0)) {
			t.Errorf("%s belongs to %d:%d and is of %v", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		b, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		name := "/" + strings.TrimSuffix(h.Name, "/")
		files[name] = string(b)
		list = append(list, fmt.Sprintf("%c %04o %s%s", h.Typeflag, h.Mode, name, h.Linkname))
	}
}

func TestImage(t *testing.T) {
	r := request(t, eif.X8664, "one")
	b := build(t, r)
	files, list := contents(t, b.Image)
	want := []string{
		"5 0755 /usr", "5 0755 /usr/share", "5 0755 /usr/share/containment-chamber",
		"0 0644 /usr/share/containment-chamber/enclave.eif", "0 0644 /usr/share/containment-chamber/measurements.json",
		"5 0755 /usr/local", "5 0755 /usr/local/bin", "0 0755 /usr/local/bin/enclave-supervisor",
		"2 0777 /usr/local/bin/nitro-clienclave-supervisor",
		"5 0755 /etc", "5 0755 /etc/containment-chamber", "0 0644 /etc/group", "0 0644 /etc/passwd", "5 0755 /etc/ssl", "5 0755 /etc/ssl/certs",
		"0 0644 /etc/ssl/certs/ca-certificates.crt", "5 0755 /run", "5 0755 /run/nitro_enclaves", "5 1777 /tmp", "5 0755 /var", "5 0755 /var/log", "5 0755 /var/log/nitro_enclaves",
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for path, source := range map[string]string{contract.EnclaveImagePath: r.EnclaveImage, contract.SupervisorPath: r.Supervisor} {
		if data, err := os.ReadFile(source); err != nil || files[path] != string(data) {
			t.Errorf("%s is not %s (%v)", path, source, err)
		}
	}
	if pool := x509.NewCertPool(); !pool.AppendCertsFromPEM([]byte(files["/etc/ssl/certs/ca-certificates.crt"])) {
		t.Error("there is no certificate")
	}
	m, err := imagebuild.ReadMeasurements(write(t, t.TempDir()+"/m.json", []byte(files[contract.MeasurementsPath])))
	if err != nil || m.PCR0 != b.Measurements.PCR0 {
		t.Errorf("measurements.json has %v (%v), want %v", m, err, b.Measurements)
	}
}

func TestConfig(t *testing.T) {
	r := request(t, eif.ARM64, "one")
	r.Env = []string{"CHAMBER_LAUNCHER=qemu"}
	b := build(t, r)
	got, err := b.Image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got.OS != "linux" || got.Architecture != "arm64" || !got.Created.Equal(epoch) || len(got.History) != 3 {
		t.Errorf("%s/%s of %v, %d steps", got.OS, got.Architecture, got.Created, len(got.History))
	}
	measurements := got.Config.Labels[LabelMeasurements]
	if !strings.Contains(measurements, b.Measurements.PCR0.String()) {
		t.Errorf("label %s has %q", LabelMeasurements, measurements)
	}
	want := v1.Config{
		Entrypoint: []string{"/usr/local/bin/enclave-supervisor"}, User: "65532:65532", WorkingDir: "/",
		Env:          []string{"PATH=/usr/local/bin", "CHAMBER_LAUNCHER=qemu"},
		ExposedPorts: map[string]struct{}{"9000/tcp": {}, "9443/tcp": {}, "3000/tcp": {}, "9090/tcp": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title": "signer", "org.opencontainers.image.version": "v1.5.0", LabelMeasurements: measurements,
		},
	}
	if diff := cmp.Diff(want, got.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

// TestSameBytes: where the files lie, when they were made and by whom makes no difference,
// and another enclave image changes one layer.
func TestSameBytes(t *testing.T) {
	one, again, other := build(t, request(t, eif.X8664, "one")), build(t, request(t, eif.X8664, "one")), build(t, request(t, eif.X8664, "other"))
	if digest(t, one) != digest(t, again) || string(one.SBOM) != string(again.SBOM) || string(one.Provenance) != string(again.Provenance) {
		t.Error("two builds of the same files differ")
	}
	if digest(t, one) == digest(t, other) {
		t.Error("two applications have one digest")
	}
	a, err := one.Image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	b, err := other.Image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for i, wantSame := range []bool{true, true, false} {
		x, _ := a[i].Digest()
		y, _ := b[i].Digest()
		if (x == y) != wantSame {
			t.Errorf("layer %s: the same is %v, want %v", one.Plan.Layers[i].Name, x == y, wantSame)
		}
	}
}

func digest(t *testing.T, b *Built) string {
	t.Helper()
	d, err := b.Image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}
