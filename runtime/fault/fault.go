// Package fault says what is wrong with an argument in one form everywhere: the
// property, its value, the rule that it breaks and the way out.
//
// Faults are collected in a List and reported together, so that a user mends a
// program once instead of once for every mistake in it.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Fault is one argument that cannot be accepted.
type Fault struct {
	// Property is the name of the argument as the user wrote it, with a path
	// for nested ones: "cluster.name".
	Property string
	// Value is what the user gave. Nil means that nothing was given. A secret
	// must never be put here.
	Value any
	// Rule is what the value breaks, as a clause: "must be a multiple of 2".
	Rule string
	// WayOut is what to write instead, as a clause: "use 2 or 4". It may be
	// empty where the rule already says it.
	WayOut string
}

// Error formats the fault on one line: property, value, rule and way out.
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Property)
	if f.Value != nil {
		fmt.Fprintf(&b, " (%s)", quote(f.Value))
	}
	b.WriteString(": " + f.Rule)
	if f.WayOut != "" {
		b.WriteString("; " + f.WayOut)
	}
	return b.String()
}

func quote(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}

// List collects faults. The zero value is empty and ready to use.
type List []Fault

// Add appends one fault.
func (l *List) Add(property string, value any, rule, wayOut string) {
	*l = append(*l, Fault{Property: property, Value: value, Rule: rule, WayOut: wayOut})
}

// Join appends the faults that err carries. An error of another kind becomes a
// fault of the named property; a nil error adds nothing.
func (l *List) Join(property string, err error) {
	var list List
	var one Fault
	switch {
	case err == nil:
	case errors.As(err, &list):
		*l = append(*l, list...)
	case errors.As(err, &one):
		*l = append(*l, one)
	default:
		l.Add(property, nil, err.Error(), "")
	}
}

// Err returns the list as an error, or nil when it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Error formats one fault on its line, or several under a heading.
func (l List) Error() string {
	if len(l) == 1 {
		return l[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d invalid arguments:", len(l))
	for _, f := range l {
		b.WriteString("\n  - " + f.Error())
	}
	return b.String()
}
