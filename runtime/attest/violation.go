package attest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Violation is one rule that a document breaks.
type Violation struct {
	// Field is the part of the document: "pcrs[0]", "certificate", "signature".
	Field string `json:"field"`
	// Value is what was found, bytes as hexadecimal digits. Empty where it says nothing.
	Value string `json:"value,omitempty"`
	// Rule is what the value breaks, as a clause: "must be a byte string".
	Rule string `json:"rule"`
	// WayOut is what to do about it, as a clause. It may be empty.
	WayOut string `json:"wayOut,omitempty"`
}

// Error formats the violation on one line.
func (v Violation) Error() string {
	var b strings.Builder
	b.WriteString(v.Field)
	if v.Value != "" {
		b.WriteString(" (" + v.Value + ")")
	}
	b.WriteString(": " + v.Rule)
	if v.WayOut != "" {
		b.WriteString("; " + v.WayOut)
	}
	return b.String()
}

// Violations are all the rules that a document breaks.
type Violations []Violation

// Error formats one violation on its line, or several under a heading.
func (l Violations) Error() string {
	if len(l) == 1 {
		return "the attestation document is refused: " + l[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the attestation document breaks %d rules:", len(l))
	for _, v := range l {
		b.WriteString("\n  - " + v.Error())
	}
	return b.String()
}

// Unwrap lets [errors.As] find a single [Violation].
func (l Violations) Unwrap() []error {
	all := make([]error, len(l))
	for i, v := range l {
		all[i] = v
	}
	return all
}

func (l *Violations) add(field, value, rule, wayOut string) {
	*l = append(*l, Violation{field, value, rule, wayOut})
}

// join adds err, if there is one, as a rule that the field breaks. A violation says for
// itself what it found.
func (l *Violations) join(field string, err error) {
	var v Violation
	switch {
	case err == nil:
	case errors.As(err, &v):
		v.Field = field
		*l = append(*l, v)
	default:
		l.add(field, "", err.Error(), "")
	}
}

func (l Violations) err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// maxShown keeps a hostile value from filling a screen. A PCR fits.
const maxShown = 64

func shown(b []byte) string {
	if len(b) <= maxShown {
		return hex.EncodeToString(b)
	}
	return fmt.Sprintf("%x… of %d bytes", b[:maxShown], len(b))
}
