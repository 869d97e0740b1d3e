package attest

import (
	"runtime"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

// maxAllocated is far above what the largest document takes, and far below what a length
// in it could ask for.
const maxAllocated = 16 << 20

// allocated runs f and returns how many bytes it allocated.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzDocument wants -fuzzminimizetime 10x: it takes long to make a document smaller that
// is nearly all certificates, and tells little.
func FuzzDocument(f *testing.F) {
	i := issuer(f)
	for _, payload := range []attesttest.Payload{
		i.Payload(),
		i.Payload().With("nonce", []byte("n")).With("user_data", []byte("u")).With("public_key", []byte("k")),
		i.Payload().With("pcrs", many(32)),
		i.Payload().Without("cabundle").With("extra", nil),
	} {
		f.Add(sign(f, i, payload))
		f.Add(append([]byte{tagSign1}, sign(f, i, payload)...))
	}
	f.Add(must[[]byte](f)(i.Sign([]byte{0xbf, 0xff})))
	f.Add([]byte("\x84\x43\xa1\x01\x20\xa0\x5b\xff\xff\xff\xff\xff\xff\xff\xff"))
	p := pinned(i)
	p.Nonce = []byte("n")
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d *Document
		var err, refusal error
		if used := allocated(func() {
			d, err = ParseUnverified(raw)
			_, refusal = Verify(raw, p)
		}); used > maxAllocated {
			t.Errorf("%d bytes made it allocate %d", len(raw), used)
		}
		if (d == nil) == (err == nil) {
			t.Fatalf("document %v, error %v", d, err)
		}
		if err != nil && refusal == nil {
			t.Fatalf("verified what cannot be parsed: %v", err)
		}
		if refusal != nil {
			_ = refusal.Error()
		}
		if d != nil {
			checkBounds(t, d)
		}
	})
}

// checkBounds asks for what every parsed document promises.
func checkBounds(t *testing.T, d *Document) {
	t.Helper()
	if d.ModuleID == "" || d.Digest != "SHA384" || d.Timestamp.IsZero() || len(d.PCRs) == 0 || len(d.PCRs) > MaxPCRs {
		t.Errorf("got %+v", d)
	}
	for index, pcr := range d.PCRs {
		if index < 0 || index >= MaxPCRs || !pcr.sized() {
			t.Errorf("PCR%d is %s", index, pcr)
		}
	}
	if len(d.CABundle) == 0 || len(d.Certificate) == 0 || len(d.Nonce) > MaxNonce || len(d.UserData) > MaxUserData || len(d.PublicKey) > MaxPublicKey {
		t.Errorf("got %+v", d)
	}
	if _, err := d.Timestamp.MarshalText(); err != nil {
		t.Error(err)
	}
}

func FuzzNSMResponse(f *testing.F) {
	nsm := attesttest.NewNSM(issuer(f))
	for _, request := range []any{
		"DescribeNSM", "GetRandom", "Unknown", m{"DescribePCR": m{"index": 0}}, m{"ExtendPCR": m{"index": 20, "data": []byte("data")}},
		m{"LockPCR": m{"index": 20}}, m{"LockPCRs": m{"range": 16}}, m{"Attestation": m{"nonce": []byte("n")}},
	} {
		response := make([]byte, MaxResponse)
		length := must[int](f)(nsm.Exchange(must[[]byte](f)(cbor.Marshal(request)), response))
		f.Add(response[:length])
	}
	f.Add([]byte("\xbf\x69GetRandom\xbf\x66random\x42xy\xff\xff"))
	f.Add([]byte("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, response []byte) {
		if len(response) > MaxResponse {
			return
		}
		nsm := NewNSM(canned{response, len(response), nil})
		if used := allocated(func() { askEverything(t, nsm) }); used > maxAllocated {
			t.Errorf("%d bytes made it allocate %d", len(response), used)
		}
	})
}

func askEverything(t *testing.T, nsm *NSM) {
	t.Helper()
	if random, err := nsm.Random(); err == nil && len(random) == 0 {
		t.Error("no random bytes")
	}
	if state, err := nsm.DescribePCR(0); err == nil && !state.Value.sized() {
		t.Errorf("PCR0 is %s", state.Value)
	}
	if value, err := nsm.ExtendPCR(20, []byte("data")); err == nil && !value.sized() {
		t.Errorf("PCR20 is %s", value)
	}
	if d, err := nsm.Describe(); err == nil && (d.ModuleID == "" || d.Digest == "" || len(d.LockedPCRs) > MaxPCRs) {
		t.Errorf("got %+v", d)
	}
	if document, err := nsm.Attestation(AttestationRequest{}); err == nil && (len(document) == 0 || len(document) > MaxResponse) {
		t.Errorf("a document of %d bytes", len(document))
	}
	for _, err := range []error{nsm.LockPCR(1), nsm.LockPCRs(1)} {
		if err != nil {
			_ = err.Error()
		}
	}
}
