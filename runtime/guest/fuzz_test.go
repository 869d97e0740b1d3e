package guest

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
)

// FuzzEgress plans endpoints that a parent names: /etc/hosts gets no line that the plan
// has not, and lo no address that an endpoint does not have or that is everybody's.
func FuzzEgress(f *testing.F) {
	f.Add("kms.eu-central-1.amazonaws.com", "169.254.170.23", uint16(443), uint16(80))
	f.Add("fd00:ec2::23", "::1", uint16(80), uint16(80))
	f.Add("localhost", "0.0.0.0", uint16(1), uint16(2))
	f.Add("KMS.example.com.", "::FFFF:10.0.0.1", uint16(443), uint16(80))
	f.Add("a.b\n127.0.0.1\tc.d", "::ffff:127.0.0.1", uint16(0), uint16(9000))
	f.Fuzz(func(t *testing.T, one, two string, portOne, portTwo uint16) {
		plan, err := planEgress([]control.Egress{{Host: one, Port: portOne, ParentPort: 1}, {Host: two, Port: portTwo, ParentPort: 2}})
		if err != nil {
			if control.ErrorCode(err) != control.CodeInvalid {
				t.Errorf("%v", err)
			}
			return
		}
		var bindings []egress.Binding
		one, two = spelled(t, one, portOne), spelled(t, two, portTwo)
		for _, e := range plan {
			address := e.Listen.Addr()
			if e.Host != one && e.Host != two || e.parentPort == 0 || e.Port == 0 {
				t.Errorf("%+v is none of %q and %q", e, one, two)
			}
			own, err := netip.ParseAddr(e.Host)
			if e.Assign != (err == nil) || e.Assign && own != address || address.IsUnspecified() || address.IsMulticast() {
				t.Errorf("%s listens on %s", e.Host, address)
			}
			bindings = append(bindings, e.Binding)
		}
		for line := range strings.Lines(egress.HostsFile(bindings)) {
			address, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			if _, err := netip.ParseAddr(address); err != nil || name != "localhost" && name != one && name != two || strings.ContainsAny(name, " \t\r#") {
				t.Errorf("line %q", line)
			}
		}
	})
}

// spelled is a host in the one spelling that the plan has.
func spelled(t *testing.T, host string, port uint16) string {
	t.Helper()
	e, err := egress.ParseEndpoint("egress", egress.Endpoint{Host: host, Port: port}.String())
	if err != nil {
		t.Errorf("planned, and then refused: %v", err)
	}
	return e.Host
}
