package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

const cmdline = "reboot=k panic=30 pci=off console=ttyS0 random.trust_cpu=on"

// metadata is written as AWS's writer writes it, so that whole files can be compared.
const metadata = `{"ImageName":"eifbench","ImageVersion":"1 <&>","BuildMetadata":{"BuildTime":"1970-01-01T00:00:00+00:00","BuildTool":"eifbench","BuildToolVersion":"0","OperatingSystem":"Linux","KernelVersion":"6.12"},"DockerInfo":{"Architecture":"amd64","Id":"sha256:00","Size":123},"CustomMetadata":null}`

// input names the files of a folder that images are made from.
type input struct{ dir string }

func (in input) path(name string) string { return filepath.Join(in.dir, name) }

// write makes the files: a kernel, a bootstrap ramdisk and one of so many bytes.
func (in input) write(size int64) error {
	return errors.Join(
		fill(in.path("kernel"), 3<<20, 1), fill(in.path("ramdisk0"), 1<<20+1, 2), fill(in.path("ramdisk1"), size, 3),
		os.WriteFile(in.path("metadata.json"), []byte(metadata), 0o600),
	)
}

// fill writes the same pseudo-random bytes for the same seed.
func fill(path string, size int64, seed byte) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := io.CopyN(w, mathrand.NewChaCha8([32]byte{seed}), size); err != nil {
		return err
	}
	return w.Flush()
}

// spec is the same image as [input.reference] makes.
func (in input) spec(a eif.Architecture, signer *eif.Signer) (eif.Spec, error) {
	s := eif.Spec{
		Architecture: a, Cmdline: cmdline, Signer: signer,
		Metadata: eif.Metadata{
			ImageName: "eifbench", ImageVersion: "1 <&>",
			BuildMetadata: eif.BuildMetadata{BuildTime: eif.FormatTime(time.Unix(0, 0)), BuildTool: "eifbench", BuildToolVersion: "0", OperatingSystem: "Linux", KernelVersion: "6.12"},
			DockerInfo:    []byte(`{"Id": "sha256:00", "Architecture": "amd64", "Size": 123}`),
		},
		Ramdisks: make([]eif.Content, 2),
	}
	var errs [3]error
	s.Kernel, errs[0] = blob.File(in.path("kernel"))
	s.Ramdisks[0], errs[1] = blob.File(in.path("ramdisk0"))
	s.Ramdisks[1], errs[2] = blob.File(in.path("ramdisk1"))
	return s, errors.Join(errs[:]...)
}

// writeKey makes a key and its certificate, as PEM files.
func (in input) writeKey(curve elliptic.Curve) error {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "eifbench"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(in.path("cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(in.path("key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
	)
}
