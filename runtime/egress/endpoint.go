package egress

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Endpoint is a host and a port in one spelling: a name is in lower case and has no
// dot at its end, an address is in the form of RFC 5952.
type Endpoint struct {
	Host string
	Port uint16
}

// String returns host:port, with brackets around an IPv6 address.
func (e Endpoint) String() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
}

// Addr returns the host as an address, if it is one.
func (e Endpoint) Addr() (netip.Addr, bool) {
	a, err := netip.ParseAddr(e.Host)
	return a, err == nil
}

// ParseEndpoint reads "host:port". property is what a fault names.
func ParseEndpoint(property, text string) (Endpoint, error) {
	host, port, err := split(property, text)
	if err != nil {
		return Endpoint{}, err
	}
	if strings.HasPrefix(host, "*") {
		return Endpoint{}, fault.Fault{Property: property, Value: text,
			Rule: "is a pattern, and one host is needed here", WayOut: "name the host"}
	}
	return Endpoint{Host: host, Port: port}, nil
}

// split reads a host, in one spelling, and a port. The host may be a pattern.
func split(property, text string) (string, uint16, error) {
	bad := func(rule, wayOut string) (string, uint16, error) {
		return "", 0, fault.Fault{Property: property, Value: text, Rule: rule, WayOut: wayOut}
	}
	host, digits, err := net.SplitHostPort(text)
	if err != nil {
		return bad("must have the form host:port", `write it like "kms.eu-west-1.amazonaws.com:443" or "[fd00:ec2::23]:80"`)
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 || digits[0] == '+' || digits[0] == '0' {
		return bad("must end with a port from 1 to 65535", "")
	}
	host, err = canonical(host)
	if err != nil {
		return bad(err.Error(), "")
	}
	return host, uint16(port), nil
}

// maxName and maxLabel are the limits of DNS (RFC 1035, section 2.3.4).
const maxName, maxLabel = 253, 63

// canonical brings a name, a pattern or an address into the spelling of Endpoint.
func canonical(host string) (string, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return "", errors.New("must not have a zone: no interface of the guest leads anywhere")
		}
		a = a.Unmap()
		if a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() {
			return "", errors.New("must be the address of one other machine")
		}
		return a.String(), nil
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "" || len(name) > maxName {
		return "", fmt.Errorf("must have a host name of 1 to %d characters", maxName)
	}
	if name == "localhost" {
		return "", errors.New("must be another machine: localhost is the enclave itself there and the pod here")
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		if i == 0 && label == "*" && len(labels) > 2 {
			continue
		}
		if !validLabel(label) {
			return "", errors.New("must have a host name of letters, digits and hyphens; a name in other letters has a form with xn--; one * may stand for the first label where two more follow")
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "", errors.New("must have a host name that does not look like a broken address")
	}
	return name, nil
}

func validLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		// Names in Kubernetes and elsewhere have underscores, against RFC 952.
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
