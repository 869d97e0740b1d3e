package attest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// check compares what a document says with what the policy asks for, but for the hooks.
func (p Policy) check(d *Document, at time.Time, l *Violations) {
	p.checkMode(d, l)
	for _, index := range slices.Sorted(maps.Keys(p.PCRs)) {
		p.checkPCR(d, index, l)
	}
	if p.Nonce != nil && !bytes.Equal(p.Nonce, d.Nonce) {
		l.add("nonce", shown(d.Nonce), "must be "+shown(p.Nonce),
			"it answers another question: give a new nonce to the enclave with each request, and the same one here")
	}
	if !d.Timestamp.IsZero() {
		p.checkAge(d.Timestamp, at, l)
	}
}

// checkMode refuses debug mode, and a document which does not say the mode.
func (p Policy) checkMode(d *Document, l *Violations) {
	var zero []string
	for index := range 3 {
		pcr, ok := d.PCRs[index]
		switch {
		case !ok && d.PCRs != nil:
			l.add(pcrField(index), "", "is missing", "")
		case ok && pcr.Zero():
			zero = append(zero, fmt.Sprint("PCR", index))
		}
	}
	if len(zero) > 0 && !p.AllowDebug {
		l.add("pcrs", strings.Join(zero, ", ")+" are zero", "the enclave must not run in debug mode, in which nothing is measured",
			"start it without --debug-mode")
	}
}

func (p Policy) checkPCR(d *Document, index int, l *Violations) {
	allowed := p.PCRs[index]
	pcr, ok := d.PCRs[index]
	if !ok {
		// The first three were asked for already, and without any all was.
		if d.PCRs != nil && index > 2 {
			l.add(pcrField(index), "", "is missing", "")
		}
		return
	}
	if slices.ContainsFunc(allowed, pcr.equal) || pcr.Zero() && d.Debug() && (index <= 2 || index == 8) {
		return
	}
	l.add(pcrField(index), pcr.String(), pcrRule(allowed), pcrMeaning(index))
}

func pcrRule(allowed []PCR) string {
	values := make([]string, len(allowed))
	for i, pcr := range allowed {
		values[i] = pcr.String()
	}
	if len(values) == 1 {
		return "must be " + values[0]
	}
	return "must be one of " + strings.Join(values, " ")
}

// pcrMeaning says what a difference in a register means. The meanings are those of AWS's
// user guide ("Where to get an enclave's measurements").
func pcrMeaning(index int) string {
	switch index {
	case 0:
		return "the enclave runs another image; compare it with the measurements of the image that was deployed"
	case 1:
		return "the enclave runs another kernel, command line or first ramdisk"
	case 2:
		return "the enclave runs another application"
	case 3:
		return "the parent instance has another IAM role"
	case 4:
		return "the enclave runs on another instance"
	case 8:
		return "the image has no signature, or one of another certificate"
	}
	return ""
}

func (p Policy) checkAge(made, at time.Time, l *Violations) {
	age := at.Sub(made)
	switch {
	case age < -ClockSkew:
		l.add("timestamp", stamp(made), "is later than "+stamp(at), "set the clock right")
	case p.MaxAge > 0 && age > p.MaxAge:
		l.add("timestamp", stamp(made), fmt.Sprintf("must be at most %s old and is %s", p.MaxAge, age.Round(time.Second)), "ask for a new document")
	}
}

// checkHooks lets the caller judge what only it understands.
func (p Policy) checkHooks(d *Document, l *Violations) {
	if p.UserData != nil {
		l.join("user_data", p.UserData(d.UserData))
	}
	if p.PublicKey != nil {
		l.join("public_key", p.PublicKey(d.PublicKey))
	}
}
