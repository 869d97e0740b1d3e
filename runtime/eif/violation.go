package eif

import (
	"errors"
	"fmt"
	"strings"
)

// Violation is one rule that an image breaks.
type Violation struct {
	// Field is the part of the image: "header.flags", "header.crc", "sections[2].size",
	// "metadata", "signature", "PCR0".
	Field string
	// Offset is the position of the field in the file, or -1 where the field is no
	// single place, such as a measurement.
	Offset int64
	// Value is what was found, or nil.
	Value any
	// Rule is what the value breaks, as a clause: "must be zero".
	Rule string
}

// Error formats the violation on one line. Values from the file are quoted and cut.
func (v Violation) Error() string {
	var b strings.Builder
	b.WriteString(v.Field)
	if v.Offset >= 0 {
		fmt.Fprintf(&b, " at byte %d", v.Offset)
	}
	switch value := v.Value.(type) {
	case nil:
	case string:
		fmt.Fprintf(&b, " (%.100q)", value)
	default:
		fmt.Fprintf(&b, " (%v)", value)
	}
	return b.String() + ": " + v.Rule
}

// Violations are all the rules that an image breaks.
type Violations []Violation

// Error formats one violation on its line, or several under a heading.
func (l Violations) Error() string {
	if len(l) == 1 {
		return l[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the image breaks %d rules:", len(l))
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

func (l *Violations) add(field string, offset int64, value any, rule string) {
	*l = append(*l, Violation{field, offset, value, rule})
}

// join appends the violations that err is made of and returns any other error.
func (l *Violations) join(err error) error {
	var list Violations
	var one Violation
	switch {
	case errors.As(err, &list):
		*l = append(*l, list...)
		return nil
	case errors.As(err, &one):
		*l = append(*l, one)
		return nil
	}
	return err
}

func (l Violations) err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}
