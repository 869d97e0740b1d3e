package eif

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/veraison/go-cose"
)

func signed(t testing.TB, seed byte) ([]byte, Measurements, *Signer) {
	t.Helper()
	s := sampleSpec()
	s.Signer = testSigner(t, p256, seed)
	b, m := build(t, s)
	return b, m, s.Signer
}

func TestVerifyReportsAllAtOnce(t *testing.T) {
	b, m, signer := signed(t, 1)
	other := testSigner(t, p256, 2)
	wrong := Digest{1}
	b = bytes.Replace(b, []byte(`"ImageName"`), []byte(`"imageName"`), 1)
	b = bytes.Replace(b, []byte("bootstrap"), []byte("tampered!"), 1)
	pcr8 := other.PCR8()
	err := open(t, b).Verify(t.Context(), VerifyOptions{
		Expected: Expected{PCR0: &m.PCR0, PCR1: &wrong, PCR2: &m.PCR2, PCR8: &pcr8}, Certificate: other.pem,
		Time: time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	var list Violations
	if !errors.As(err, &list) {
		t.Fatalf("got %v", err)
	}
	wants := []string{
		"header.crc at byte 544",
		"metadata at byte 611: ImageName is missing",
		"it signs another image: PCR0 is " + pcrOf("the kernelreboot=k panic=30tampered!applicationmore").String() + ", the signature is of " + m.PCR0.String(),
		"its certificate expired at 2100-01-01T00:00:00Z",
		`its certificate ("CN=signer", PCR8 ` + signer.PCR8().String() + `) is not the expected one ("CN=signer", PCR8 ` + other.PCR8().String() + ")",
		"PCR0 (", "PCR1 (", "PCR8 (",
	}
	if len(list) != len(wants) {
		t.Errorf("got %d violations: %v", len(list), err)
	}
	for i, want := range wants {
		if i < len(list) && !strings.Contains(list[i].Error(), want) {
			t.Errorf("got %v, want %q", list[i], want)
		}
	}
	if !strings.HasPrefix(err.Error(), "the image breaks 8 rules:\n  - header.crc") {
		t.Errorf("got %v", err)
	}
}

func TestVerifyUnsigned(t *testing.T) {
	b, m := build(t, sampleSpec())
	signer := testSigner(t, p256, 1)
	pcr8 := signer.PCR8()
	for name, o := range map[string]VerifyOptions{
		"required": {RequireSignature: true}, "pinned": {Certificate: signer.pem}, "PCR8": {Expected: Expected{PCR8: &pcr8}},
	} {
		if err := open(t, b).Verify(t.Context(), o); err == nil || err.Error() != "signature: the image is not signed" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := Verify(t.Context(), bytes.NewReader(b), int64(len(b)), VerifyOptions{Expected: Expect(m)}); err != nil {
		t.Error(err)
	}
	if err := open(t, b).Verify(t.Context(), VerifyOptions{Certificate: []byte("x")}); err == nil || !strings.HasPrefix(err.Error(), "the certificate to compare with is not in PEM form") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open(t, b).Verify(ctx, VerifyOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestVerifySignatures puts signature sections of all kinds into a good image.
func TestVerifySignatures(t *testing.T) {
	key := testKey(t, p256, 1)
	certificate := testCertificate(t, key, "signer")
	_, m := build(t, sampleSpec())
	cbor := func(certificate, message []byte) []byte {
		b, err := encodeSignature(certificate, message)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	message := func(seed byte, payload string) []byte {
		signer, err := cose.NewSigner(cose.AlgorithmES256, testKey(t, p256, seed))
		if err != nil {
			t.Fatal(err)
		}
		headers := cose.Headers{Protected: cose.ProtectedHeader{cose.HeaderLabelAlgorithm: cose.AlgorithmES256}}
		b, err := cose.Sign1Untagged(nil, signer, headers, []byte(payload), nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	payload := func(pcr Digest) string {
		b, err := registerPayload(pcr)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	right := payload(m.PCR0)
	good := cbor(certificate, message(1, right))
	for _, tc := range []struct {
		name    string
		section []byte
		want    string
	}{
		{"good", good, ""},
		{"empty list", []byte{0x80}, "must be of one register, PCR0, not of 0"},
		{"twice", append(append([]byte{0x82}, good[1:]...), good[1:]...), "must be of one register, PCR0, not of 2"},
		{"no CBOR", []byte("hello"), "must be CBOR as AWS's writer makes it"},
		{"more bytes", append(bytes.Clone(good), 0), "must be CBOR as AWS's writer makes it"},
		{"huge list", []byte{0x9b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff}, "must be CBOR as AWS's writer makes it"},
		{"deep", bytes.Repeat([]byte{0x81}, 1000), "must be CBOR as AWS's writer makes it"},
		{"endless list", []byte{0x9f, 0xff}, "must be CBOR as AWS's writer makes it"},
		{"byte string", append([]byte("\x81\xa2\x73signing_certificate\x41-\x69signature\x81"), 1), "must be CBOR as AWS's writer makes it"},
		{"number above 255", append([]byte("\x81\xa2\x73signing_certificate\x81\x19\x01\x00\x69signature\x81"), 1), "its certificate has 256 in place of a byte"},
		{"other order", append([]byte("\x81\xa2\x69signature\x81\x01\x73signing_certificate\x81"), 1), "must have the keys, their order and the shortest numbers"},
		{"long number", append([]byte("\x81\xa2\x73signing_certificate\x81\x18\x01\x69signature\x81"), 1), "must have the keys, their order and the shortest numbers"},
		{"unknown key", append([]byte("\x81\xa3\x73signing_certificate\x81\x01\x69signature\x81\x01\x61x"), 1), "must be CBOR as AWS's writer makes it"},
		{"no certificate", cbor(nil, message(1, right)), "its certificate is not in PEM form"},
		{"no COSE", cbor(certificate, []byte{0xf6}), "it holds no COSE_Sign1"},
		{"tagged COSE", cbor(certificate, append([]byte{0xd2}, message(1, right)...)), "it holds no COSE_Sign1"},
		{"other key", cbor(certificate, message(2, right)), "it was not made by the key of its certificate"},
		{"other algorithm", cbor(testCertificate(t, testKey(t, elliptic.P384(), 1), "x"), message(1, right)), "it was not made by the key of its certificate"},
		{"other image", cbor(certificate, message(1, payload(Digest{9}))), "it signs another image: PCR0 is " + m.PCR0.String() + ", the signature is of 0900"},
		{"other register", cbor(certificate, message(1, strings.Replace(right, "index\x00", "index\x01", 1))), "it signs PCR1, not PCR0"},
		{"other order of the payload", cbor(certificate, message(1, "\xa2"+right[17:]+right[1:17])), "it signs PCR0 in another encoding than AWS's"},
		{"no register", cbor(certificate, message(1, "hello")), "it signs no PCR"},
		{"wide register", cbor(certificate, message(1, "\xa2\x6eregister_index\x00\x6eregister_value\x81\x19\x01\x00")), "it signs no PCR0: has 256"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			im := open(t, rawImage(4, 0, append(sampleSections(), rawSection{4, string(tc.section)})...))
			err := im.Verify(t.Context(), VerifyOptions{Time: now})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestExamineMeasuresWhatIsWrong has a damaged image with a malformed signature.
func TestExamineMeasuresWhatIsWrong(t *testing.T) {
	b := rawImage(4, 0, append(sampleSections(), rawSection{4, "x"})...)
	b[544] ^= 1
	m, found, err := open(t, b).Examine(t.Context(), VerifyOptions{})
	_, want := build(t, sampleSpec())
	if err != nil || m != want || len(found) != 2 || found[0].Field != "header.crc" || found[1].Field != "signature" {
		t.Errorf("got %v, %v, %v", m, found, err)
	}
}

// TestReadersShareAnImage is for the race detector.
func TestReadersShareAnImage(t *testing.T) {
	b, m, _ := signed(t, 1)
	im := open(t, b)
	results := make(chan error)
	for range 4 {
		go func() { results <- im.Verify(context.Background(), VerifyOptions{Expected: Expect(m), Time: now}) }()
	}
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestExtractedContents(t *testing.T) {
	b, _ := build(t, sampleSpec())
	r, err := open(t, b).Ramdisks()[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "application" {
		t.Errorf("got %q, %v", got, err)
	}
}
