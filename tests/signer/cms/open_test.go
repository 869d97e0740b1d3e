package cms

import (
	"crypto/rsa"
	"crypto/x509"
	"os"
	"testing"
)

func testKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := x509.ParsePKCS1PrivateKey(read(t, "key.der"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestOpenSSL reads what OpenSSL 3.0 wrote for a key of this test alone, once with lengths and once without (openssl
// cms -encrypt -aes256 -keyid -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256,
// the latter with -stream).
func TestOpenSSL(t *testing.T) {
	for _, name := range []string{"openssl.der", "openssl.ber"} {
		plaintext, err := Open(read(t, name), testKey(t))
		if err != nil || string(plaintext) != "a secret of thirty-two bytes, ok" {
			t.Errorf("%s: %q (%v)", name, plaintext, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	key, good := testKey(t), read(t, "openssl.der")
	for name, data := range map[string][]byte{
		"nothing": nil, "something behind": append(read(t, "openssl.der"), 0), "too much": make([]byte, maxBytes+1),
		"nested without end": nested(64), "a primitive value without a length": {0x04, 0x80, 0, 0}, "a length of five bytes": {0x30, 0x85, 0, 0, 0, 0, 0},
		"another type": {0x30, 0x03, 0x06, 0x01, 0x2a},
	} {
		if _, err := Open(data, key); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for i := range good[:60] { // the structure: behind it there are secrets
		changed := append([]byte{}, good...)
		changed[i] ^= 0xff
		if plaintext, err := Open(changed, key); err == nil && string(plaintext) != "a secret of thirty-two bytes, ok" {
			t.Errorf("a changed byte %d gives %q", i, plaintext)
		}
	}
}

func nested(depth int) []byte {
	var b []byte
	for range depth {
		b = append(b, 0x30, 0x80)
	}
	return b
}

func FuzzOpen(f *testing.F) {
	f.Add(read(f, "openssl.der"))
	f.Add(read(f, "openssl.ber"))
	key := testKey(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if plaintext, err := Open(data, key); err == nil && len(plaintext) > len(data) {
			t.Errorf("%d bytes of %d", len(plaintext), len(data))
		}
	})
}
