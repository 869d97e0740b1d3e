package awsstub

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/cms"
)

func TestSealedIsOpened(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 15, 16, 32, 4096} {
		plaintext := random(size)
		sealed, err := seal(plaintext, der)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := cms.Open(sealed, key); err != nil || !bytes.Equal(opened, plaintext) {
			t.Errorf("%d bytes: %x (%v)", size, opened, err)
		}
		for n := range sealed {
			if _, err := cms.Open(sealed[:n], key); err == nil {
				t.Fatalf("%d of %d bytes are accepted", n, len(sealed))
			}
		}
	}
}

func TestSealRefusesOtherKeys(t *testing.T) {
	if _, err := seal([]byte("x"), []byte("no key")); err == nil {
		t.Error("it was accepted")
	}
}
