package attest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

func TestPolicy(t *testing.T) {
	i := issuer(t)
	debug := map[uint64][]byte{}
	for index := range uint64(16) {
		debug[index] = make([]byte, 48)
	}
	debug[4] = attesttest.PCR(1)
	other := PCR(bytes.Repeat([]byte{1}, 48))
	pcr := func(index int, allowed ...PCR) func(*Policy) {
		return func(p *Policy) { p.PCRs[index] = allowed }
	}
	refuse := func([]byte) error { return errors.New("says something else") }
	inDebug := func(p *attesttest.Payload) { (*p)["pcrs"] = debug }
	nonce := func(value []byte) func(*attesttest.Payload) {
		return func(p *attesttest.Payload) { (*p)["nonce"] = value }
	}
	const zero = "pcrs: the enclave must not run in debug mode"
	for _, tt := range []struct {
		name    string
		payload func(*attesttest.Payload)
		policy  func(*Policy)
		want    []string
	}{
		{"previous image", nil, pcr(0, other, attesttest.PCR(0)), nil},
		{"another image", nil, pcr(0, other), []string{"pcrs[0]: must be 0101"}},
		{"neither image", nil, pcr(0, other, other), []string{"pcrs[0]: must be one of 0101"}},
		{"another kernel", nil, pcr(1, other), []string{"pcrs[1]: must be 0101"}},
		{"another role", nil, pcr(3, other), []string{"pcrs[3]: must be 0101"}},
		{"no role", nil, pcr(3, attesttest.PCR(3)), nil},
		{"not signed", nil, pcr(8, other), []string{"pcrs[8]: must be 0101"}},
		{"not locked", nil, pcr(16, other), []string{"pcrs[16]: is missing"}},
		{"other length", nil, pcr(0, attesttest.PCR(0)[:32]), []string{"pcrs[0]: must be a0a0"}},

		{"debug mode", inDebug, nil, []string{zero}},
		{"debug mode allowed", inDebug, func(p *Policy) { p.AllowDebug = true }, nil},
		{"debug mode, another instance", inDebug, func(p *Policy) { p.AllowDebug, p.PCRs[4] = true, []PCR{other} }, []string{"pcrs[4]: must be 0101"}},
		{"debug mode, any image", inDebug, func(p *Policy) { p.AnyImage, p.PCRs = true, nil }, []string{zero}},
		{"one zero", func(p *attesttest.Payload) { (*p)["pcrs"] = withPCR(2, make([]byte, 48)) }, nil, []string{zero}},
		{"allowed, and not in debug mode", nil, func(p *Policy) { p.AllowDebug = true; pcr(0, other)(p) }, []string{"pcrs[0]: must be 0101"}},
		{"any image", nil, func(p *Policy) { p.AnyImage, p.PCRs = true, nil }, nil},

		{"nonce", nonce([]byte("n")), func(p *Policy) { p.Nonce = []byte("n") }, nil},
		{"another nonce", nonce([]byte("m")), func(p *Policy) { p.Nonce = []byte("n") }, []string{"nonce: must be 6e"}},
		{"longer nonce", nonce([]byte("nn")), func(p *Policy) { p.Nonce = []byte("n") }, []string{"nonce: must be 6e"}},
		{"no nonce", nil, func(p *Policy) { p.Nonce = []byte("n") }, []string{"nonce: must be 6e"}},
		{"nonce not asked for", nonce([]byte("m")), nil, nil},

		{"young enough", nil, func(p *Policy) { p.MaxAge = time.Minute }, nil},
		{"too old", nil, func(p *Policy) { p.MaxAge = time.Minute - 1 }, []string{"timestamp: must be at most 59.999999999s old and is 1m0s"}},
		{"a bit ahead", later(time.Minute + ClockSkew), func(p *Policy) { p.MaxAge = time.Minute }, nil},
		{"of the future", later(time.Minute + ClockSkew + time.Millisecond), nil, []string{"timestamp: is later than 2026-03-14T12:01:00Z"}},

		{"user data", nil, func(p *Policy) { p.UserData = refuse }, []string{"user_data: says something else"}},
		{"public key", nil, func(p *Policy) { p.PublicKey = refuse }, []string{"public_key: says something else"}},
		{"both", nil, func(p *Policy) { p.UserData, p.PublicKey = refuse, refuse }, []string{"user_data: says", "public_key: says"}},
		{"not trusted enough to be judged", nil, func(p *Policy) { p.UserData = refuse; pcr(3, other)(p) }, []string{"pcrs[3]: must be 0101"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			payload, p := i.Payload(), pinned(i)
			if tt.payload != nil {
				tt.payload(&payload)
			}
			if tt.policy != nil {
				tt.policy(&p)
			}
			got, err := Verify(sign(t, i, payload), p)
			expect(t, err, tt.want...)
			if (got == nil) != (len(tt.want) > 0) {
				t.Errorf("got the document %v", got)
			}
		})
	}
}

func later(d time.Duration) func(*attesttest.Payload) {
	return func(p *attesttest.Payload) { (*p)["timestamp"] = made.Add(d).UnixMilli() }
}

func withPCR(index int, value []byte) map[int][]byte {
	pcrs := many(16)
	pcrs[index] = value
	return pcrs
}

// TestHooksSee gets the very bytes, and nil where there are none.
func TestHooksSee(t *testing.T) {
	i := issuer(t)
	p := pinned(i)
	var userData, publicKey []byte
	p.UserData = func(b []byte) error { userData = b; return nil }
	p.PublicKey = func(b []byte) error { publicKey = b; return nil }
	if _, err := Verify(sign(t, i, i.Payload().With("user_data", []byte("u"))), p); err != nil {
		t.Fatal(err)
	}
	if string(userData) != "u" || publicKey != nil {
		t.Errorf("got %q and %v", userData, publicKey)
	}
}

// TestNow verifies without a time in the policy.
func TestNow(t *testing.T) {
	i := must[*attesttest.Issuer](t)(attesttest.NewIssuer(attesttest.Options{}))
	p := pinned(i)
	p.Time = time.Time{}
	if _, err := Verify(sign(t, i, i.Payload()), p); err != nil {
		t.Error(err)
	}
	_, err := Verify(sign(t, issuer(t), issuer(t).Payload()), p)
	if err == nil || !strings.Contains(err.Error(), "certificate (valid from 2026-03-14T11:59:57Z to 2026-03-14T15:00:00Z): was not valid any more") {
		t.Errorf("an old one: %v", err)
	}
}

func TestPolicyFaults(t *testing.T) {
	zero, one := make(PCR, 48), PCR(attesttest.PCR(0))
	const unpinned = "pcrs: do not pin the image, so that any enclave of anybody would pass; allow values of PCR0"
	for name, tt := range map[string]struct {
		policy Policy
		want   []string
	}{
		"nothing":           {Policy{}, []string{unpinned}},
		"role only":         {Policy{PCRs: map[int][]PCR{3: {one}, 4: {one}}}, []string{unpinned}},
		"kernel only":       {Policy{PCRs: map[int][]PCR{1: {one}}}, []string{unpinned}},
		"application only":  {Policy{PCRs: map[int][]PCR{2: {one}}}, []string{unpinned}},
		"signed by nobody":  {Policy{PCRs: map[int][]PCR{8: {zero}}}, []string{unpinned}},
		"by one, or nobody": {Policy{PCRs: map[int][]PCR{8: {one, zero}}}, []string{unpinned}},
		"zero":              {Policy{PCRs: map[int][]PCR{0: {one, zero}}}, []string{"pcrs[0] (\"000", unpinned}},
		"no value":          {Policy{AnyImage: true, PCRs: map[int][]PCR{5: {}}}, []string{"pcrs[5]: must have at least one value"}},
		"length":            {Policy{PCRs: map[int][]PCR{0: {one[:47]}}}, []string{"pcrs[0] (\"a0"}},
		"index":             {Policy{AnyImage: true, PCRs: map[int][]PCR{-1: {one}, 32: {one}}}, []string{"pcrs (-1): an index", "pcrs (32): an index"}},
		"nonce and age":     {Policy{AnyImage: true, Nonce: []byte{}, MaxAge: -1}, []string{"nonce: must not be empty", "maxAge (-1ns): must not be negative"}},
		"long nonce":        {Policy{AnyImage: true, Nonce: make([]byte, 513)}, []string{"nonce (\"513 bytes\"): must have at most 512 bytes"}},
		"kernel and app":    {Policy{PCRs: map[int][]PCR{1: {one}, 2: {one}}}, nil},
		"signer":            {Policy{PCRs: map[int][]PCR{8: {one}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(nil, tt.policy)
			if tt.want == nil {
				expect(t, err, "document: is empty")
				return
			}
			var got fault.List
			if !errors.As(err, &got) || !slices.EqualFunc(got, tt.want, func(f fault.Fault, want string) bool { return strings.HasPrefix(f.Error(), want) }) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
