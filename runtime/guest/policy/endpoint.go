package policy

import (
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// wildcard at the start of a host stands for one label.
const wildcard = "*."

// endpointRule says what is wrong with an entry of the egress list.
func endpointRule(entry string) string {
	host, port, ok := strings.Cut(entry, ":")
	number, err := strconv.ParseUint(port, 10, 16)
	if !ok || err != nil || number == 0 || port != strconv.FormatUint(number, 10) {
		return "must be host:port"
	}
	rest, wild := strings.CutPrefix(host, wildcard)
	if wild && strings.Count(rest, ".") == 0 {
		return "a wildcard must stand before at least two labels"
	}
	if !control.ValidHost(rest) {
		return "must have a host name in lower case, with * as the whole first label at the most"
	}
	return ""
}

// AllowsEndpoint tells whether the payload may reach a port of a host.
func (p Policy) AllowsEndpoint(host string, port uint16) bool {
	if !control.ValidHost(host) {
		return false
	}
	for _, entry := range p.Egress {
		allowed, allowedPort, _ := strings.Cut(entry, ":")
		if allowedPort == strconv.Itoa(int(port)) && matches(allowed, host) {
			return true
		}
	}
	return false
}

func matches(pattern, host string) bool {
	domain, wild := strings.CutPrefix(pattern, wildcard)
	if !wild {
		return pattern == host
	}
	_, rest, found := strings.Cut(host, ".")
	return found && rest == domain
}
