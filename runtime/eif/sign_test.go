package eif

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/veraison/go-cose"
)

func TestSignAndSignAgain(t *testing.T) {
	plain, before := build(t, sampleSpec())
	first, second := testSigner(t, elliptic.P384(), 1), testSigner(t, elliptic.P521(), 2)
	b := plain
	for _, signer := range []*Signer{first, second, first} {
		var out buffer
		m, err := Sign(t.Context(), &out, open(t, b), signer)
		if err != nil {
			t.Fatal(err)
		}
		b = out.b
		if m.PCR8 == nil || *m.PCR8 != pcrOf(string(signer.Certificate().Raw)) {
			t.Errorf("PCR8 is %v", m.PCR8)
		}
		if m.PCR8 = nil; m != before {
			t.Errorf("signing changed the measurements: %v, before %v", m, before)
		}
		if err := open(t, b).Verify(t.Context(), VerifyOptions{Certificate: signer.pem, Time: now}); err != nil {
			t.Error(err)
		}
	}
	s := sampleSpec()
	s.Signer = first
	if built, _ := build(t, s); !bytes.Equal(built, b) {
		t.Error("signing an image afterwards gives other bytes than building it signed")
	}
}

func TestSignRefuses(t *testing.T) {
	signer := testSigner(t, p256, 1)
	b, _ := build(t, sampleSpec())
	if _, err := Sign(t.Context(), &buffer{}, open(t, b), nil); err == nil || !strings.Contains(err.Error(), "no signer") {
		t.Errorf("no signer: got %v", err)
	}
	b[len(b)-1] ^= 1
	if _, err := Sign(t.Context(), &buffer{}, open(t, b), signer); err == nil || !strings.Contains(err.Error(), "header.crc") {
		t.Errorf("damaged image: got %v", err)
	}
	sections := sampleSections()
	for len(sections) < MaxSections {
		sections = append(sections, rawSection{3, "x"})
	}
	if _, err := Sign(t.Context(), &buffer{}, open(t, rawImage(4, 0, sections...)), signer); err == nil || !strings.Contains(err.Error(), "no room for a signature") {
		t.Errorf("full image: got %v", err)
	}
}

// TestSignUpgrades signs an image of version 2, which cannot carry a signature.
func TestSignUpgrades(t *testing.T) {
	s := sampleSections()
	var out buffer
	if _, err := Sign(t.Context(), &out, open(t, rawImage(2, 1, s[0], s[1], s[3])), testSigner(t, p256, 1)); err != nil {
		t.Fatal(err)
	}
	im := open(t, out.b)
	if im.Version() != 4 || im.Architecture() != ARM64 {
		t.Errorf("version %d, architecture %s", im.Version(), im.Architecture())
	}
	if err := im.Verify(t.Context(), VerifyOptions{RequireSignature: true, Time: now}); err != nil {
		t.Error(err)
	}
}

// remote is a key that is somewhere else, as a KMS client shows it.
type remote struct {
	key  *ecdsa.PrivateKey
	sign func(digest []byte, o crypto.SignerOpts) ([]byte, error)
}

func (r remote) Public() crypto.PublicKey { return r.key.Public() }

func (r remote) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return r.sign(digest, o)
}

func TestRemoteKey(t *testing.T) {
	key := testKey(t, elliptic.P384(), 5)
	asked := 0
	kms := remote{key, func(digest []byte, o crypto.SignerOpts) ([]byte, error) {
		asked++
		if o.HashFunc() != crypto.SHA384 || len(digest) != 48 {
			t.Errorf("asked for %v of %d bytes", o.HashFunc(), len(digest))
		}
		return ecdsa.SignASN1(rand.Reader, key, digest)
	}}
	s := sampleSpec()
	var err error
	if s.Signer, err = NewSigner(testCertificate(t, key, "kms"), kms); err != nil {
		t.Fatal(err)
	}
	b, _ := build(t, s)
	if err := open(t, b).Verify(t.Context(), VerifyOptions{RequireSignature: true, Time: now}); err != nil || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}

	denied := errors.New("access denied")
	other := testKey(t, elliptic.P384(), 6)
	for name, tc := range map[string]struct {
		sign func([]byte, crypto.SignerOpts) ([]byte, error)
		want string
	}{
		"denied":      {func([]byte, crypto.SignerOpts) ([]byte, error) { return nil, denied }, "signing PCR0: access denied"},
		"nothing":     {func([]byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }, "not its own"},
		"another key": {func(d []byte, _ crypto.SignerOpts) ([]byte, error) { return ecdsa.SignASN1(rand.Reader, other, d) }, "not its own"},
		"raw numbers": {func([]byte, crypto.SignerOpts) ([]byte, error) { return make([]byte, 96), nil }, "not its own"},
	} {
		if s.Signer, err = NewSigner(testCertificate(t, key, "kms"), remote{key, tc.sign}); err != nil {
			t.Fatal(err)
		}
		if _, err := Build(t.Context(), &buffer{}, s); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNewSignerRefuses(t *testing.T) {
	key := testKey(t, elliptic.P384(), 1)
	certificate := testCertificate(t, key, "signer")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old := certificateBetween(t, key, "old", now.Add(-2*time.Hour), now.Add(-time.Hour))
	early := certificateBetween(t, key, "early", now.Add(time.Hour), now.Add(2*time.Hour))
	for _, tc := range []struct {
		name        string
		certificate []byte
		key         crypto.Signer
		want        string
	}{
		{"other key", certificate, testKey(t, elliptic.P384(), 2), "the signing certificate (CN=signer) is not that of the signing key"},
		{"other curve", certificate, testKey(t, p256, 1), "is not that of the signing key"},
		{"P-224", certificate, testKey(t, elliptic.P224(), 1), "curve is P-224: it must be P-256, P-384 or P-521"},
		{"RSA", certificate, rsaKey, "the key is a *rsa.PublicKey: enclave images are signed with elliptic-curve keys"},
		{"Ed25519", certificate, edKey, "the key is a ed25519.PublicKey"},
		{"expired", old, key, "signing certificate: expired at 2025-12-31T23:00:00Z; it is now 2026-01-01T00:00:00Z"},
		{"not yet valid", early, key, "signing certificate: is not valid before 2026-01-01T01:00:00Z"},
		{"no PEM", []byte("MIIB"), key, "signing certificate: is not in PEM form"},
		{"a key as certificate", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY"}), key, `type "PRIVATE KEY", not CERTIFICATE`},
		{"chain", append(bytes.Clone(certificate), certificate...), key, "more than one PEM block"},
		{"unreadable block before", append([]byte("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), certificate...), key, "more than one PEM block"},
		{"headers", bytes.Replace(certificate, []byte("-----\n"), []byte("-----\nA: b\n\n"), 1), key, "has headers in its PEM block"},
		{"broken", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}), key, "x509: malformed"},
		{"large", make([]byte, MaxCertificate+1), key, "has 16385 bytes: at most 16384"},
		{"RSA certificate", rsaCertificate(t, rsaKey), key, "signing certificate: the key is a *rsa.PublicKey"},
	} {
		if _, err := newSigner(tc.certificate, tc.key, now); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

func rsaCertificate(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestLoadSigner(t *testing.T) {
	key := testKey(t, elliptic.P384(), 1)
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	certificate := string(testCertificate(t, key, "signer"))
	for _, tc := range []struct{ name, certificate, key, want string }{
		{"SEC 1", certificate, block("EC PRIVATE KEY", sec1), ""},
		{"with parameters", certificate, block("EC PARAMETERS", []byte{6, 5}) + block("EC PRIVATE KEY", sec1), ""},
		{"PKCS 8", certificate, block("PRIVATE KEY", pkcs8), ""},
		{"encrypted", certificate, block("ENCRYPTED PRIVATE KEY", pkcs8), "is encrypted: decrypt it"},
		{"RSA", certificate, block("RSA PRIVATE KEY", pkcs8), `type "RSA PRIVATE KEY", not an elliptic-curve private key`},
		{"parameters only", certificate, block("EC PARAMETERS", []byte{6, 5}), "no private key in PEM form"},
		{"broken", certificate, block("PRIVATE KEY", sec1[1:]), "signing key "},
		{"exchanged", block("PRIVATE KEY", pkcs8), certificate, `type "CERTIFICATE", not an elliptic-curve`},
		{"large", certificate + strings.Repeat("\n", MaxCertificate), block("PRIVATE KEY", pkcs8), "more than 16384 bytes"},
	} {
		dir := t.TempDir()
		certificateFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		if err := errors.Join(os.WriteFile(certificateFile, []byte(tc.certificate), 0o600), os.WriteFile(keyFile, []byte(tc.key), 0o600)); err != nil {
			t.Fatal(err)
		}
		s, err := LoadSigner(certificateFile, keyFile)
		switch {
		case tc.want == "" && err != nil, tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		case err == nil && s.PCR8() != pcrOf(string(s.Certificate().Raw)):
			t.Errorf("%s: PCR8 %s", tc.name, s.PCR8())
		}
	}
}

// TestSignatureBytes compares a signature section with one that is written by hand from
// the description of the format.
func TestSignatureBytes(t *testing.T) {
	signer := testSigner(t, elliptic.P384(), 1)
	pcr0 := pcrOf("x")
	got, err := signer.section(pcr0)
	if err != nil {
		t.Fatal(err)
	}
	list := func(b []byte) string {
		out := []byte{0x98, byte(len(b))}
		if len(b) > 255 {
			out = []byte{0x99, byte(len(b) >> 8), byte(len(b))}
		}
		for _, v := range b {
			if v > 23 {
				out = append(out, 0x18)
			}
			out = append(out, v)
		}
		return string(out)
	}
	payload := "\xa2\x6eregister_index\x00\x6eregister_value" + list(pcr0[:])
	verifier, err := cose.NewVerifier(cose.AlgorithmES384, signer.Certificate().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parseSignature(got)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.message.Verify(nil, verifier); err != nil {
		t.Error(err)
	}
	sign1 := "\x84\x44\xa1\x01\x38\x22\xa0\x58" + string([]byte{byte(len(payload))}) + payload + "\x58\x60" + string(parsed.message.Signature)
	want := "\x81\xa2\x73signing_certificate" + list(signer.pem) + "\x69signature" + list([]byte(sign1))
	if diff := cmp.Diff([]byte(want), got); diff != "" {
		t.Error(diff)
	}
}
