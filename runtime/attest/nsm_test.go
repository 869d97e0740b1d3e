package attest

import (
	"bytes"
	"crypto/sha512"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

func TestNSM(t *testing.T) {
	nsm := NewNSM(attesttest.NewNSM(issuer(t)))
	description := must[Description](t)(nsm.Describe())
	want := Description{ModuleID: attesttest.ModuleID, Major: 1, MaxPCRs: 32, Digest: "SHA384"}
	for index := range 16 {
		want.LockedPCRs = append(want.LockedPCRs, index)
	}
	if diff := cmp.Diff(want, description); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
	if random := must[[]byte](t)(nsm.Random()); len(random) != 256 || bytes.Equal(random, make([]byte, 256)) {
		t.Errorf("got %d random bytes", len(random))
	}
	if got := must[PCRState](t)(nsm.DescribePCR(0)); !got.Locked || !got.Value.equal(attesttest.PCR(0)) {
		t.Errorf("PCR0 is %+v", got)
	}
	extended := must[PCR](t)(nsm.ExtendPCR(17, []byte("data")))
	sum := sha512.Sum384(append(make([]byte, 48), "data"...))
	if !extended.equal(sum[:]) {
		t.Errorf("extended to %s", extended)
	}
	if got := must[PCRState](t)(nsm.DescribePCR(17)); got.Locked || !got.Value.equal(extended) {
		t.Errorf("PCR17 is %+v", got)
	}
	if err := errors.Join(nsm.LockPCR(17), nsm.LockPCRs(17)); err != nil {
		t.Fatal(err)
	}
	if got := must[Description](t)(nsm.Describe()).LockedPCRs; len(got) != 18 || got[17] != 17 {
		t.Errorf("locked are %v", got)
	}
}

// TestAttestation takes a document from request to verification.
func TestAttestation(t *testing.T) {
	i := issuer(t)
	nsm := NewNSM(attesttest.NewNSM(i))
	for _, request := range []AttestationRequest{
		{},
		{Nonce: []byte("nonce"), UserData: []byte("user data"), PublicKey: []byte("key")},
		{Nonce: make([]byte, MaxNonce), UserData: make([]byte, MaxUserData), PublicKey: make([]byte, MaxPublicKey)},
	} {
		document, err := nsm.Attestation(request)
		if err != nil {
			t.Fatal(err)
		}
		p := pinned(i)
		p.Nonce = request.Nonce
		got, err := Verify(document, p)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.UserData, request.UserData) || !bytes.Equal(got.PublicKey, request.PublicKey) {
			t.Errorf("got user data %x and key %x", got.UserData, got.PublicKey)
		}
	}
}

func TestNSMRefuses(t *testing.T) {
	nsm := NewNSM(attesttest.NewNSM(issuer(t)))
	extend := func(index int, data []byte) error { _, err := nsm.ExtendPCR(index, data); return err }
	describe := func(index int) error { _, err := nsm.DescribePCR(index); return err }
	attestation := func(r AttestationRequest) error { _, err := nsm.Attestation(r); return err }
	for name, tt := range map[string]struct {
		err  error
		code ErrorCode
		want string
	}{
		"locked":        {extend(0, []byte("data")), ReadOnlyIndex, "NSM: ExtendPCR refused: ReadOnlyIndex: the PCR is locked"},
		"no data":       {extend(20, nil), InvalidArgument, "NSM: ExtendPCR refused: InvalidArgument: an argument is not valid"},
		"locked twice":  {nsm.LockPCR(3), ReadOnlyIndex, "NSM: LockPCR refused: ReadOnlyIndex: the PCR is locked"},
		"index":         {describe(32), "", "index (32): must be from 0 to 31"},
		"below zero":    {nsm.LockPCR(-1), "", "index (-1): must be from 0 to 31"},
		"range":         {nsm.LockPCRs(33), "", "count (33): must be from 0 to 32"},
		"extend index":  {extend(32, []byte("data")), "", "index (32): must be from 0 to 31"},
		"large request": {extend(20, make([]byte, MaxRequest)), "", "NSM: ExtendPCR: the request has 4123 bytes: at most 4096 are allowed"},
		"sizes": {attestation(AttestationRequest{UserData: make([]byte, 513), Nonce: make([]byte, 513), PublicKey: make([]byte, 1025)}), "",
			"3 invalid arguments:\n  - userData (\"513 bytes\"): must have at most 512 bytes\n  - nonce (\"513 bytes\"): must have at most 512 bytes\n  - publicKey (\"1025 bytes\"): must have at most 1024 bytes"},
		"empty key": {attestation(AttestationRequest{PublicKey: []byte{}}), "", "publicKey: must not be empty; leave it out"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.err == nil || tt.err.Error() != tt.want {
				t.Errorf("got %v, want %s", tt.err, tt.want)
			}
			var refused *Error
			if errors.As(tt.err, &refused) != (tt.code != "") || refused != nil && refused.Code != tt.code {
				t.Errorf("got the code of %v", refused)
			}
		})
	}
}

// canned answers everything with the same bytes.
type canned struct {
	response []byte
	length   int
	err      error
}

func (c canned) Exchange(_, response []byte) (int, error) {
	copy(response, c.response)
	return c.length, c.err
}

func answering(t *testing.T, response any) *NSM {
	raw, ok := response.(cbor.RawMessage)
	if !ok {
		raw = must[[]byte](t)(cbor.Marshal(response))
	}
	return NewNSM(canned{raw, len(raw), nil})
}

type m = map[string]any

func TestMalformedResponses(t *testing.T) {
	describe := func(n *NSM) error { _, err := n.Describe(); return err }
	pcr := func(n *NSM) error { _, err := n.DescribePCR(0); return err }
	random := func(n *NSM) error { _, err := n.Random(); return err }
	document := func(n *NSM) error { _, err := n.Attestation(AttestationRequest{}); return err }
	extend := func(n *NSM) error { _, err := n.ExtendPCR(20, []byte("data")); return err }
	lock := func(n *NSM) error { return n.LockPCR(20) }
	value := make([]byte, 48)
	good := func(changed string, value any) m {
		description := m{
			"version_major": 1, "version_minor": 0, "version_patch": 0, "module_id": "i-1", "max_pcrs": 32,
			"locked_pcrs": []int{1, 0}, "digest": "SHA384",
		}
		description[changed] = value
		return m{"DescribeNSM": description}
	}
	for name, tt := range map[string]struct {
		ask      func(*NSM) error
		response any
		want     string
	}{
		"nothing":              {lock, cbor.RawMessage{}, "NSM: LockPCR: malformed response: must be a name or a map with one pair"},
		"number":               {lock, 1, "NSM: LockPCR: malformed response: must be a name or a map with one pair"},
		"another name":         {lock, "LockPCRs", `NSM: LockPCR: malformed response: it answers "LockPCRs"`},
		"two pairs":            {lock, m{"LockPCR": 1, "Error": "x"}, "NSM: LockPCR: malformed response: it has 2 pairs and not one"},
		"no pair":              {lock, m{}, "NSM: LockPCR: malformed response: it has 0 pairs and not one"},
		"with content":         {lock, m{"LockPCR": m{}}, "NSM: LockPCR: malformed response: it has content, and there is none"},
		"trailing byte":        {lock, cbor.RawMessage("\x67LockPCR\x00"), "NSM: LockPCR: malformed response: must be a text string: cbor: 1 bytes of extraneous"},
		"cut off":              {lock, cbor.RawMessage("\x67Lock"), "NSM: LockPCR: malformed response: must be a text string: unexpected EOF"},
		"twice":                {lock, cbor.RawMessage("\xa2\x65Error\x61a\x65Error\x61b"), "NSM: LockPCR: malformed response: must be a name or a map with one pair: cbor: found duplicate map key"},
		"claims 2^64 bytes":    {random, cbor.RawMessage("\x7b\xff\xff\xff\xff\xff\xff\xff\xff"), "NSM: GetRandom: malformed response: must be a text string: cbor:"},
		"no content":           {random, "GetRandom", "NSM: GetRandom: malformed response: must be a map of named fields"},
		"content of a list":    {random, m{"GetRandom": []int{1}}, "NSM: GetRandom: malformed response: must be a map of named fields"},
		"other request":        {random, m{"DescribePCR": m{}}, "NSM: GetRandom: malformed response: it answers another request"},
		"no field":             {random, m{"GetRandom": m{}}, "NSM: GetRandom: malformed response: random must be a byte string"},
		"nothing random":       {random, m{"GetRandom": m{"random": []byte{}}}, "NSM: GetRandom: malformed response: random has 0 bytes"},
		"list of numbers":      {random, m{"GetRandom": m{"random": []int{1, 2}}}, "NSM: GetRandom: malformed response: random must be a byte string"},
		"no document":          {document, m{"Attestation": m{"document": []byte{}}}, "NSM: Attestation: malformed response: document has 0 bytes"},
		"short PCR":            {pcr, m{"DescribePCR": m{"lock": true, "data": value[1:]}}, "NSM: DescribePCR: malformed response: data has 47 bytes"},
		"lock unknown":         {pcr, m{"DescribePCR": m{"data": value}}, "NSM: DescribePCR: malformed response: lock must be true or false"},
		"lock 1":               {pcr, m{"DescribePCR": m{"lock": 1, "data": value}}, "NSM: DescribePCR: malformed response: lock must be true or false"},
		"short extension":      {extend, m{"ExtendPCR": m{"data": value[1:]}}, "NSM: ExtendPCR: malformed response: data has 47 bytes"},
		"no module":            {describe, good("module_id", ""), "NSM: DescribeNSM: malformed response: module_id is empty"},
		"digest number":        {describe, good("digest", 1), "NSM: DescribeNSM: malformed response: digest must be a text string"},
		"negative version":     {describe, good("version_major", -1), "NSM: DescribeNSM: malformed response: version_major must be an unsigned integer"},
		"large version":        {describe, good("version_patch", 65536), "NSM: DescribeNSM: malformed response: version_patch is 65536, and must be less than 65536"},
		"33 locked":            {describe, good("locked_pcrs", make([]int, 33)), "NSM: DescribeNSM: malformed response: must be a name or a map with one pair: cbor: exceeded max number of elements"},
		"locked negative":      {describe, good("locked_pcrs", []int{-1}), "NSM: DescribeNSM: malformed response: locked_pcrs must be an array"},
		"locked null":          {describe, good("locked_pcrs", nil), "NSM: DescribeNSM: malformed response: locked_pcrs must be an array"},
		"code that is new":     {lock, m{"Error": "TooHot"}, "NSM: LockPCR refused: TooHot: no code that AWS lists"},
		"code that is no word": {lock, m{"Error": 3}, "NSM: LockPCR refused: 0x03: no code that AWS lists"},
		"field that is new":    {describe, good("serial", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.ask(answering(t, tt.response))
			if tt.want == "" && err != nil || err == nil && tt.want != "" || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if got := must[Description](t)(answering(t, good("major", 1)).Describe()).LockedPCRs; !slices.Equal(got, []int{0, 1}) {
		t.Errorf("locked are %v", got)
	}
}

// TestStreamedResponse takes maps that say where they end only when they do, as AWS's
// hardware writes the payload of its documents.
func TestStreamedResponse(t *testing.T) {
	nsm := answering(t, cbor.RawMessage("\xbf\x69GetRandom\xbf\x66random\x42xy\xff\xff"))
	if got := must[[]byte](t)(nsm.Random()); string(got) != "xy" {
		t.Errorf("got %q", got)
	}
}

func TestBrokenDevice(t *testing.T) {
	broken := errors.New("broken")
	if err := NewNSM(canned{err: broken}).LockPCR(1); !errors.Is(err, broken) || err.Error() != "NSM: LockPCR: broken" {
		t.Errorf("got %v", err)
	}
	for _, length := range []int{-1, MaxResponse + 1} {
		if err := NewNSM(canned{length: length}).LockPCR(1); err == nil || !strings.Contains(err.Error(), "the device says that the response has") {
			t.Errorf("length %d: %v", length, err)
		}
	}
}

func TestErrorCodes(t *testing.T) {
	for _, code := range []ErrorCode{
		InvalidArgument, InvalidIndex, InvalidResponse, ReadOnlyIndex, InvalidOperation, BufferTooSmall, InputTooLarge, InternalError,
	} {
		if code.meaning() == ErrorCode("").meaning() {
			t.Errorf("%s has no meaning", code)
		}
	}
}
