package egress

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// MaxHosts is how many names a plan has addresses for: those of 127.100.0.0/16 but the
// first and the last. All of 127.0.0.0/8 is local once lo is up (RFC 1122, section
// 3.2.1.3). The block keeps away from 127.0.0.1, where the payload listens, 127.0.1.1,
// which Debian gives to a machine's name, and 127.0.0.53, where systemd-resolved is.
const MaxHosts = 1<<16 - 2

// Binding is an endpoint and where the guest listens for it.
type Binding struct {
	Endpoint
	// Listen is the address to listen on. It is the endpoint's own address where
	// the endpoint is named by one.
	Listen netip.AddrPort
	// Assign says that Listen is no loopback address: the guest has to give it to
	// the interface lo, with a prefix of all bits, before it can listen there.
	//
	// EKS Pod Identity is such an endpoint: its agent is at 169.254.170.23:80 and
	// [fd00:ec2::23]:80. The AWS SDKs take credentials over plain HTTP from these
	// addresses, from 169.254.170.2 (ECS) and from loopback ones, and from no
	// others, whatever name leads to them. So the guest keeps the address, and the
	// SDK needs no setting of its own.
	Assign bool
}

// Plan gives each endpoint a place to listen in the guest. Each name gets an address
// of its own, so that several hosts can be on one port; the ports of one host share
// it. The plan depends on the set of endpoints and not on their order, and comes out
// sorted by host and port; doubles are dropped. It fails for more than MaxHosts names.
func Plan(endpoints []Endpoint) ([]Binding, error) {
	sorted := slices.Clone(endpoints)
	slices.SortFunc(sorted, func(a, b Endpoint) int {
		if c := strings.Compare(a.Host, b.Host); c != 0 {
			return c
		}
		return int(a.Port) - int(b.Port)
	})
	sorted = slices.Compact(sorted)
	var plan []Binding
	names := map[string]netip.Addr{}
	for _, e := range sorted {
		addr, own := e.Addr()
		if !own {
			addr = nameAddr(names, e.Host)
		}
		plan = append(plan, Binding{Endpoint: e, Listen: netip.AddrPortFrom(addr, e.Port), Assign: own})
	}
	if len(names) > MaxHosts {
		return nil, fmt.Errorf("%d host names are too many: there are addresses for %d", len(names), MaxHosts)
	}
	return plan, nil
}

// nameAddr gives the n-th name the n-th address of the block.
func nameAddr(names map[string]netip.Addr, name string) netip.Addr {
	addr, ok := names[name]
	if !ok {
		n := len(names) + 1
		addr = netip.AddrFrom4([4]byte{127, 100, byte(n >> 8), byte(n)})
		names[name] = addr
	}
	return addr
}

// HostsFile returns the guest's /etc/hosts for a plan. Names have no IPv6 address: a
// resolver that asks for one goes on to DNS, where the guest has no server.
func HostsFile(plan []Binding) string {
	var b strings.Builder
	b.WriteString("127.0.0.1\tlocalhost\n::1\tlocalhost\n")
	last := ""
	for _, p := range plan {
		if _, own := p.Addr(); own || p.Host == last {
			continue
		}
		fmt.Fprintf(&b, "%s\t%s\n", p.Listen.Addr(), p.Host)
		last = p.Host
	}
	return b.String()
}
