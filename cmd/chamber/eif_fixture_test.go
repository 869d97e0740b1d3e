package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// write makes a file with its folder.
func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, content, 0o666)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// workshop is a folder with a kernel, an init and a payload. The seed decides in which
// order its files are made; the current folder becomes it, so that no path of the
// machine is in any output.
func workshop(t *testing.T, seed uint64) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	kernel := make([]byte, 0x300)
	copy(kernel[0x202:], "HdrS")
	kernel[0x20E] = 0x80
	copy(kernel[0x280:], "6.12.0 x")
	write(t, "bzImage", kernel)
	write(t, "init", append([]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00\x01"), make([]byte, 107)...))
	write(t, "policy.json", []byte(`{"version":1}`))
	files := map[string]string{"app/signer": "signer", "app/lib/a.so": "a", "app/lib/b.so": "b", "etc/signer.yaml": "port: 9000", "etc/hosts": ""}
	names := []string{"app/signer", "app/lib/a.so", "app/lib/b.so", "etc/signer.yaml", "etc/hosts"}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		write(t, filepath.Join("root", name), []byte(files[name]))
	}
	err := errors.Join(os.Chmod("root/app/signer", 0o755), os.Symlink("app", "root/bin"), os.Chtimes("root/etc", time.Now(), time.Unix(int64(seed), 0)))
	if err != nil {
		t.Fatal(err)
	}
}

// signingFiles makes name.pem and name.key, the same every time. The certificate is
// valid up to 2100.
func signingFiles(t *testing.T, name string, seed byte) {
	t.Helper()
	raw := make([]byte, 48)
	raw[47] = seed
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), raw)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Country: []string{"CH"}},
		NotBefore: time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 2, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(nil, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}
