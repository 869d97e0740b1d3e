package attest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

func TestVerify(t *testing.T) {
	i := issuer(t)
	payload := i.Payload().With("nonce", []byte("n")).With("user_data", []byte{}).With("public_key", []byte("key"))
	document := sign(t, i, payload)
	encoded := must[[]byte](t)(payload.Encode())
	streamed := append(append([]byte{0xbf}, encoded[1:]...), 0xff)
	for name, raw := range map[string][]byte{
		"untagged": document,
		"tagged":   append([]byte{tagSign1}, document...),
		// As AWS's hardware does it.
		"indefinite payload": must[[]byte](t)(i.Sign(streamed)),
	} {
		t.Run(name, func(t *testing.T) {
			p := pinned(i)
			p.Nonce, p.MaxAge = []byte("n"), time.Minute
			p.PCRs[8] = []PCR{attesttest.PCR(8)}
			got, err := Verify(raw, p)
			if err != nil {
				t.Fatal(err)
			}
			want := Document{
				ModuleID: attesttest.ModuleID, Timestamp: made, Digest: "SHA384", PCRs: map[int]PCR{},
				Certificate: i.Certificate(attesttest.Leaf).Raw,
				PublicKey:   []byte("key"), UserData: []byte{}, Nonce: []byte("n"),
			}
			for index := range 16 {
				want.PCRs[index] = attesttest.PCR(index)
			}
			for level := range attesttest.Leaf {
				want.CABundle = append(want.CABundle, i.Certificate(level).Raw)
			}
			if diff := cmp.Diff(want, got.Document); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if len(got.Chain) != 5 || !got.Chain[4].Equal(i.Certificate(attesttest.Leaf)) || got.Root != FingerprintOf(i.Root()) {
				t.Errorf("chain of %d, root %s", len(got.Chain), got.Root)
			}
			if got.ByAWS() || got.Debug() || !got.Time.Equal(p.Time) {
				t.Errorf("by AWS %t, debug %t, at %s", got.ByAWS(), got.Debug(), got.Time)
			}
		})
	}
}

// TestVerifyRefusesEveryChange flips bits all over a document.
func TestVerifyRefusesEveryChange(t *testing.T) {
	i := issuer(t)
	document, p := sign(t, i, i.Payload()), pinned(i)
	signature := len(document) - signatureSize
	for at := range document {
		if at > 16 && at%47 != 0 && (at < signature || at%5 != 0) {
			continue
		}
		changed := bytes.Clone(document)
		changed[at] ^= 1 << (at % 8)
		_, err := Verify(changed, p)
		if err == nil {
			t.Fatalf("byte %d can be changed", at)
		}
		if at >= signature {
			expect(t, err, "signature: was not made over this payload by the key of the certificate")
		}
	}
	for length := range document {
		if length%97 == 0 || length > signature {
			if _, err := Verify(document[:length], p); err == nil {
				t.Fatalf("%d bytes are enough", length)
			}
		}
	}
}

// TestVerifyReportsEverything gives a document with many faults, each named once.
func TestVerifyReportsEverything(t *testing.T) {
	i := issuer(t)
	document := sign(t, i, i.Payload().With("digest", "MD5").With("extra", 1).With("nonce", []byte("old")))
	document[len(document)-1] ^= 1
	p := pinned(i)
	p.ExtraRoots, p.Nonce, p.MaxAge, p.Time = nil, []byte("new"), time.Hour, made.Add(4*time.Hour)
	p.PCRs = map[int][]PCR{0: {attesttest.PCR(1), attesttest.PCR(2)}, 20: {attesttest.PCR(3)}}
	_, err := Verify(document, p)
	expect(t, err,
		`digest: must be "SHA384"`,
		"payload: is no field of an attestation document",
		"cabundle[0]: is not AWS's Nitro Enclaves root",
		"certificate: was not valid any more at 2026-03-14T16:00:00Z",
		"signature: was not made over this payload",
		"pcrs[0]: must be one of a1a1a1",
		"pcrs[20]: is missing",
		"nonce: must be 6e6577",
		"timestamp: must be at most 1h0m0s old and is 4h0m0s",
	)
	var one Violation
	if !errors.As(err, &one) || one.Field != "digest" {
		t.Errorf("the first violation cannot be taken out: %v", one)
	}
}

// TestAWSRoot spells the fingerprint as AWS's user guide does.
func TestAWSRoot(t *testing.T) {
	const published = "641A0321A3E244EFE456463195D606317ED7CDCC3C1756E09893F3C68F79BB5B"
	want := must[[]byte](t)(hex.DecodeString(published))
	if got := AWSRoot(); !bytes.Equal(got[:], want) {
		t.Errorf("got %s", got)
	}
}
