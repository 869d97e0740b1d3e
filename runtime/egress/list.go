package egress

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// List says which endpoints may be reached. The zero value allows nothing.
type List struct{ rules []Endpoint }

// ParseList reads rules of the form host:port. The host is a name, an address, or a
// pattern with "*" for exactly one label at its beginning, as in certificates:
// "*.eu-west-1.amazonaws.com" allows kms.eu-west-1.amazonaws.com and neither
// a.kms.eu-west-1.amazonaws.com nor eu-west-1.amazonaws.com. At least two labels
// follow the star. All faults are returned together.
func ParseList(property string, rules []string) (List, error) {
	var l List
	var faults fault.List
	for i, text := range rules {
		host, port, err := split(fmt.Sprintf("%s[%d]", property, i), text)
		faults.Join(property, err)
		l.rules = append(l.rules, Endpoint{Host: host, Port: port})
	}
	if err := faults.Err(); err != nil {
		return List{}, err
	}
	return l, nil
}

// Allows says whether an endpoint may be reached. A name and its address are
// different hosts: what is allowed by name cannot be reached by address.
func (l List) Allows(e Endpoint) bool {
	for _, r := range l.rules {
		if r.Port == e.Port && matches(r.Host, e.Host) {
			return true
		}
	}
	return false
}

// Check returns nil for an endpoint that may be reached, and otherwise an error that
// is fs.ErrPermission.
func (l List) Check(e Endpoint) error {
	if l.Allows(e) {
		return nil
	}
	return &notAllowedError{e}
}

func matches(rule, host string) bool {
	suffix, wildcard := strings.CutPrefix(rule, "*")
	if !wildcard {
		return rule == host
	}
	label, ok := strings.CutSuffix(host, suffix)
	return ok && label != "" && !strings.Contains(label, ".")
}

type notAllowedError struct{ endpoint Endpoint }

func (e *notAllowedError) Error() string { return e.endpoint.String() + " is not in the allow-list" }
func (e *notAllowedError) Unwrap() error { return fs.ErrPermission }
