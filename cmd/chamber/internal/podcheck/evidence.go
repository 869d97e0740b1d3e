package podcheck

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

// checkAttestation verifies the enclave's document against the policy, with its nonce.
func (p *pod) checkAttestation(o Options) {
	if o.Policy == nil {
		return
	}
	p.report.Attestation = NoDocument
	switch {
	case p.Evidence.Err != nil:
		p.addNoDocument()
		return
	case p.Evidence.Document == nil:
		return
	}
	policy := *o.Policy
	policy.Nonce = p.Evidence.Nonce
	verified, err := attest.Verify(p.Evidence.Document, policy)
	var violations attest.Violations
	switch {
	case err == nil:
		p.report.Attestation, p.report.Module = VerifiedOther, clean(verified.ModuleID)
		if verified.ByAWS() {
			p.report.Attestation = VerifiedAWS
		}
	case errors.As(err, &violations):
		p.addRefused(violations, policy)
	default: // the policy's fault
		p.add(CheckAttestation, "not verified", clean(err.Error()), "mend the flags of chamber status")
	}
}

func (p *pod) addNoDocument() {
	err := p.Evidence.Err
	switch {
	case forbidden(err) && p.SupervisorErr != nil && forbidden(p.SupervisorErr): // said already
	case forbidden(err):
		p.add(CheckAttestation, "no right to ask", "no attestation document: "+clean(err.Error()), "chamber status --help says which rights it needs")
	default:
		p.add(CheckAttestation, "no document", "no attestation document: "+clean(err.Error()),
			"an enclave without a security module cannot attest, and an image before chamber status has no command for it; "+p.logs())
	}
}

// addRefused says first what matters most: nobody has signed it, it is of another image,
// or it is not new.
func (p *pod) addRefused(violations attest.Violations, policy attest.Policy) {
	if document, err := attest.ParseUnverified(p.Evidence.Document); err == nil && nobodySigned(document) {
		p.report.Attestation = Emulated
		p.add(CheckAttestation, "emulated", "the document is emulated or not AWS's: its certificate is all zeros, so nobody has signed it. "+claim(document, policy),
			"on AWS's hardware this must not be; elsewhere nothing can be verified, so leave out what asks for it (--measurements, --pcr, --any-image)")
		return
	}
	p.report.Attestation = Refused
	verdict, cure := "not genuine", "treat the pod as somebody else's: give it no keys, and keep it for examination"
	switch {
	case !all(violations, "pcrs", "nonce"):
	case all(violations, "nonce"):
		verdict, cure = "old document", "ask again; when it stays so, the pod shows documents that were made for others"
	case strings.Contains(violations.Error(), "debug mode"):
		if p.report.Debug {
			return // the supervisor has said so
		}
		verdict, cure = "debug mode", "take debug mode out of ContainmentChamber's arguments, or give --allow-debug"
	default:
		verdict, cure = "wrong image", "compare with `chamber eif measure` of the image that you built; in a rollout give --measurements for the old image and the new. If it is neither, somebody else's image runs: give it no keys"
	}
	p.add(CheckAttestation, verdict, clean(violations.Error()), cure)
}

// all tells whether every violation is of one of the fields.
func all(violations attest.Violations, fields ...string) bool {
	return !slices.ContainsFunc(violations, func(v attest.Violation) bool {
		name, _, _ := strings.Cut(v.Field, "[")
		return !slices.Contains(fields, name)
	})
}

// nobodySigned knows the documents of QEMU's module (docs/attestation.md).
func nobodySigned(d *attest.Document) bool {
	return len(bytes.Trim(d.Certificate, "\x00")) == 0
}

// claim compares what such a document says with the policy, for what it is worth.
func claim(d *attest.Document, policy attest.Policy) string {
	if !bytes.Equal(d.Nonce, policy.Nonce) {
		return "Its nonce is not the one that was asked for"
	}
	allowed := policy.PCRs[0]
	if len(allowed) == 0 {
		return "It claims PCR0 " + d.PCRs[0].String()
	}
	if slices.ContainsFunc(allowed, func(pcr attest.PCR) bool { return bytes.Equal(pcr, d.PCRs[0]) }) {
		return "The PCR0 that it claims is the one that you gave"
	}
	return "The PCR0 that it claims, " + d.PCRs[0].String() + ", is not the one that you gave"
}
