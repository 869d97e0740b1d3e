package egress

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for _, c := range []struct{ text, want, fault string }{
		{"kms.eu-west-1.amazonaws.com:443", "kms.eu-west-1.amazonaws.com:443", ""},
		{"KMS.Eu-West-1.AmazonAWS.com.:443", "kms.eu-west-1.amazonaws.com:443", ""},
		{"collector:4318", "collector:4318", ""},
		{"my_service.ns.svc:80", "my_service.ns.svc:80", ""},
		{"169.254.170.23:80", "169.254.170.23:80", ""},
		{"[fd00:ec2::23]:80", "[fd00:ec2::23]:80", ""},
		{"[FD00:0EC2:0:0::23]:80", "[fd00:ec2::23]:80", ""},
		{"[::ffff:10.0.0.1]:80", "10.0.0.1:80", ""},
		{"xn--bcher-kva.example:443", "xn--bcher-kva.example:443", ""},
		{"kms.amazonaws.com", "", "form host:port"},
		{"fd00:ec2::23:80", "", "form host:port"},
		{"", "", "form host:port"},
		{"https://example.com:443", "", "form host:port"},
		{"example.com:https", "", "port from 1 to 65535"},
		{"example.com:0", "", "port from 1 to 65535"},
		{"example.com:0443", "", "port from 1 to 65535"},
		{"example.com:+443", "", "port from 1 to 65535"},
		{"example.com:65536", "", "port from 1 to 65535"},
		{"example.com:", "", "port from 1 to 65535"},
		{":443", "", "1 to 253 characters"},
		{strings.Repeat("a.", 127) + "aa:443", "", "1 to 253 characters"},
		{strings.Repeat("a", 64) + ".com:443", "", "letters, digits and hyphens"},
		{"a..b:443", "", "letters, digits and hyphens"},
		{"-a.b:443", "", "letters, digits and hyphens"},
		{"bücher.example:443", "", "letters, digits and hyphens"},
		{"exam ple.com:443", "", "letters, digits and hyphens"},
		{"example.com/x:443", "", "letters, digits and hyphens"},
		{"256.1.1.1:443", "", "broken address"},
		{"127.1:443", "", "broken address"},
		{"0x7f.1:443", "", "broken address"},
		{"[fe80::1%eth0]:443", "", "zone"},
		{"127.0.0.1:443", "", "one other machine"},
		{"[::]:443", "", "one other machine"},
		{"localhost:443", "", "another machine"},
		{"*.example.com:443", "", "pattern"},
	} {
		e, err := ParseEndpoint("egress[0]", c.text)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) || !strings.Contains(err.Error(), "egress[0]") {
				t.Errorf("%q gave %v, %v; want a fault with %q", c.text, e, err, c.fault)
			}
			continue
		}
		if err != nil || e.String() != c.want {
			t.Errorf("%q gave %v, %v; want %s", c.text, e, err, c.want)
		}
	}
}

func TestListAllows(t *testing.T) {
	l, err := ParseList("egress", []string{
		"kms.eu-west-1.amazonaws.com:443", "*.Beacon.example.org:5052", "169.254.170.23:80", "[fd00:ec2::23]:80",
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"kms.eu-west-1.amazonaws.com:443":        true,
		"KMS.eu-west-1.amazonaws.com.:443":       true,
		"kms.eu-west-1.amazonaws.com:80":         false,
		"evil.kms.eu-west-1.amazonaws.com:443":   false,
		"kms.eu-west-1.amazonaws.com.evil.x:443": false,
		"a.beacon.example.org:5052":              true,
		"beacon.example.org:5052":                false,
		"a.b.beacon.example.org:5052":            false,
		"abeacon.example.org:5052":               false,
		"a.beacon.example.org:443":               false,
		"169.254.170.23:80":                      true,
		"169.254.169.254:80":                     false,
		"[fd00:ec2:0::23]:80":                    true,
		"[::ffff:169.254.170.23]:80":             true,
	} {
		e, err := ParseEndpoint("x", text)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Allows(e); got != want {
			t.Errorf("%s is allowed: %v; want %v", text, got, want)
		}
		if err := l.Check(e); want != (err == nil) || err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Check of %s gave %v", text, err)
		}
	}
	if (List{}).Allows(Endpoint{"example.com", 443}) {
		t.Error("the empty list allows something")
	}
	// An endpoint that was not parsed cannot pass as a label.
	if l.Allows(Endpoint{".beacon.example.org", 5052}) || l.Allows(Endpoint{"*.beacon.example.org.", 5052}) {
		t.Error("a malformed host is allowed")
	}
}

func TestParseListReportsAllFaults(t *testing.T) {
	_, err := ParseList("egress", []string{"a.example:443", "nonsense", "*.com:443", "a.*.example.com:443", "**.example.com:443", "x*.example.com:443"})
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{"5 invalid", "egress[1]", "egress[2]", "egress[3]", "egress[4]", "egress[5]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

// FuzzParseList holds rules to two things: what is accepted has one spelling, and an
// endpoint that is parsed from a rule without a star is allowed by it.
func FuzzParseList(f *testing.F) {
	for _, s := range []string{"a.example:1", "*.a.example:443", "[::1]:80", "[fd00::1]:80", "10.0.0.1:1", "A.B.:2", "*.:3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rule string) {
		l, err := ParseList("egress", []string{rule})
		if err != nil {
			return
		}
		again, err := ParseList("egress", []string{l.rules[0].String()})
		if err != nil || again.rules[0] != l.rules[0] {
			t.Fatalf("%q became %q, which became %v, %v", rule, l.rules[0], again.rules, err)
		}
		e, err := ParseEndpoint("egress", rule)
		if (err != nil) != strings.HasPrefix(rule, "*") {
			t.Fatalf("%q as an endpoint: %v", rule, err)
		}
		if err == nil && !l.Allows(e) {
			t.Fatalf("%q does not allow %v", rule, e)
		}
		if err != nil && !l.Allows(Endpoint{"x" + l.rules[0].Host[1:], l.rules[0].Port}) {
			t.Fatalf("%q does not allow a host of its own", rule)
		}
	})
}
