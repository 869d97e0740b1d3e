package eif

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// buffer is an output in memory.
type buffer struct {
	b   []byte
	pos int64
}

func (b *buffer) Write(p []byte) (int, error) {
	if need := b.pos + int64(len(p)); need > int64(len(b.b)) {
		b.b = append(b.b, make([]byte, need-int64(len(b.b)))...)
	}
	n := copy(b.b[b.pos:], p)
	b.pos += int64(n)
	return n, nil
}

func (b *buffer) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		b.pos = offset
	case io.SeekEnd:
		b.pos = int64(len(b.b)) + offset
	default:
		return 0, errors.New("not used")
	}
	return b.pos, nil
}

func sampleMetadata() Metadata {
	return Metadata{
		ImageName: "signer", ImageVersion: "1.2.3",
		BuildMetadata: BuildMetadata{BuildTime: FormatTime(time.Unix(0, 0)), BuildTool: "chamber", BuildToolVersion: "0", OperatingSystem: "Linux", KernelVersion: "6.12"},
		DockerInfo:    []byte(`{"b":1, "a":"<x>"}`),
	}
}

func sampleSpec() Spec {
	return Spec{
		Architecture: X8664, Kernel: blob.Bytes([]byte("the kernel")), Cmdline: "reboot=k panic=30",
		Ramdisks: []Content{blob.Bytes([]byte("bootstrap")), blob.Bytes([]byte("application")), blob.Bytes([]byte("more"))},
		Metadata: sampleMetadata(),
	}
}

func build(t testing.TB, s Spec) ([]byte, Measurements) {
	t.Helper()
	var out buffer
	m, err := Build(t.Context(), &out, s)
	if err != nil {
		t.Fatal(err)
	}
	return out.b, m
}

func open(t testing.TB, b []byte) *Image {
	t.Helper()
	im, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// now is within the validity of the certificates below.
var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// testKey makes the same key every time.
func testKey(t testing.TB, curve elliptic.Curve, seed byte) *ecdsa.PrivateKey {
	t.Helper()
	raw := make([]byte, (curve.Params().BitSize+7)/8)
	raw[len(raw)-1] = seed
	key, err := ecdsa.ParseRawPrivateKey(curve, raw)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// testCertificate is a self-signed certificate, valid from 2000 to 2100.
func testCertificate(t testing.TB, key *ecdsa.PrivateKey, name string) []byte {
	t.Helper()
	return certificateBetween(t, key, name, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
}

func certificateBetween(t testing.TB, key *ecdsa.PrivateKey, name string, from, to time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func testSigner(t testing.TB, curve elliptic.Curve, seed byte) *Signer {
	t.Helper()
	key := testKey(t, curve, seed)
	s, err := NewSigner(testCertificate(t, key, "signer"), key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var p256 = elliptic.P256()
