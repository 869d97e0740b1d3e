package policy

import "github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"

// AllowsEndpoint tells whether the payload may reach a port of a host, which must be
// in the spelling of egress.Endpoint.
func (p Policy) AllowsEndpoint(host string, port uint16) bool {
	wanted := egress.Endpoint{Host: host, Port: port}
	if parsed, err := egress.ParseEndpoint("endpoint", wanted.String()); err != nil || parsed != wanted {
		return false
	}
	list, err := egress.ParseList("egress", p.Egress)
	return err == nil && list.Allows(wanted)
}
