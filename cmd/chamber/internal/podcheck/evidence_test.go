package podcheck

import (
	"crypto/x509"
	"errors"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

// TestEvidence: what becomes of a document.
func TestEvidence(t *testing.T) {
	issuer, err := attesttest.NewIssuer(attesttest.Options{Now: at})
	if err != nil {
		t.Fatal(err)
	}
	nonce := []byte("0123456789abcdef")
	zeros := make([]byte, 48)
	document := func(p attesttest.Payload) Evidence {
		raw, err := issuer.Document(p)
		if err != nil {
			t.Fatal(err)
		}
		return Evidence{Nonce: nonce, Document: raw}
	}
	right := issuer.Payload().With("nonce", nonce)
	debug := right.With("pcrs", map[int][]byte{0: zeros, 1: zeros, 2: zeros})
	emulated := right.With("certificate", make([]byte, 64)).With("cabundle", [][]byte{make([]byte, 64)})
	trusting := &attest.Policy{PCRs: map[int][]attest.PCR{0: {attesttest.PCR(0)}}, Time: at, ExtraRoots: []*x509.Certificate{issuer.Root()}}
	awsOnly := &attest.Policy{PCRs: trusting.PCRs, Time: at}
	otherImage := &attest.Policy{PCRs: map[int][]attest.PCR{0: {attesttest.PCR(1)}}, Time: at, ExtraRoots: trusting.ExtraRoots}
	signer := &attest.Policy{AnyImage: true, Time: at}
	for name, tt := range map[string]struct {
		policy   *attest.Policy
		evidence Evidence
		change   func(*Facts)
		want     Attestation
		findings []string
	}{
		"nobody asked": {nil, document(right), nil, NotChecked, nil},
		"right":        {trusting, document(right), nil, VerifiedOther, nil},
		"not asked":    {trusting, Evidence{}, nil, NoDocument, nil},
		"none": {trusting, Evidence{Nonce: nonce, Err: errors.New("there is no security module")}, nil, NoDocument,
			[]string{"attestation no document: there is no security module"}},
		"no right": {trusting, Evidence{Nonce: nonce, Err: noRight}, nil, NoDocument, []string{"attestation no right to ask: pods/exec | --help"}},
		"no right at all": {trusting, Evidence{Nonce: nonce, Err: noRight}, unasked(noRight), NoDocument,
			[]string{"supervisor no right to ask: pods/exec"}},
		"not AWS":     {awsOnly, document(right), nil, Refused, []string{"attestation not genuine: is not AWS's Nitro Enclaves root | give it no keys"}},
		"other image": {otherImage, document(right), nil, Refused, []string{"attestation wrong image: pcrs[0] | `chamber eif measure`"}},
		"other nonce": {trusting, document(right.With("nonce", []byte("another"))), nil, Refused, []string{"attestation old document: nonce | ask again"}},
		"debug":       {trusting, document(debug), nil, Refused, []string{"attestation debug mode: are zero | --allow-debug"}},
		"debug as said": {trusting, document(debug), func(f *Facts) { f.Supervisor.Enclave.Debug = true }, Refused,
			[]string{"supervisor debug mode: not measured"}},
		"debug allowed": {&attest.Policy{PCRs: trusting.PCRs, Time: at, ExtraRoots: trusting.ExtraRoots, AllowDebug: true}, document(debug),
			func(f *Facts) { f.Supervisor.Enclave.Debug = true }, VerifiedOther, []string{"note: debug mode"}},
		"garbage":  {trusting, Evidence{Nonce: nonce, Document: []byte("garbage")}, nil, Refused, []string{"attestation not genuine: document"}},
		"policy":   {&attest.Policy{}, document(right), nil, NoDocument, []string{"attestation not verified: do not pin the image"}},
		"emulated": {trusting, document(emulated), nil, Emulated, []string{"attestation emulated: emulated or not AWS's | The PCR0 that it claims is the one that you gave"}},
		"emulated other image": {otherImage, document(emulated), nil, Emulated,
			[]string{"attestation emulated: is not the one that you gave"}},
		"emulated any image": {signer, document(emulated), nil, Emulated, []string{"attestation emulated: It claims PCR0 a0a0"}},
		"emulated other nonce": {trusting, document(emulated.With("nonce", []byte("another"))), nil, Emulated,
			[]string{"attestation emulated: Its nonce is not the one"}},
	} {
		t.Run(name, func(t *testing.T) {
			facts := good("a", func(f *Facts) { f.Evidence = tt.evidence })
			if tt.change != nil {
				tt.change(&facts)
			}
			result := Inspect([]Facts{facts}, Options{Policy: tt.policy})
			r := result.Pods[0]
			if r.Attestation != tt.want || (tt.want == VerifiedOther) != (r.Module == attesttest.ModuleID) || (len(result.Notes) == 1) != (tt.policy == nil) {
				t.Errorf("%s by %q, notes %q", r.Attestation, r.Module, result.Notes)
			}
			expect(t, r, tt.findings...)
		})
	}
}
