package egress

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func endpoints(t *testing.T, texts ...string) []Endpoint {
	t.Helper()
	var all []Endpoint
	for _, text := range texts {
		e, err := ParseEndpoint("egress", text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestPlan compares a plan and its hosts file with the golden file, whatever the order
// of the endpoints.
func TestPlan(t *testing.T) {
	all := endpoints(t,
		"sts.eu-west-1.amazonaws.com:443", "kms.eu-west-1.amazonaws.com:443", "dynamodb.eu-west-1.amazonaws.com:443",
		"169.254.170.23:80", "[fd00:ec2::23]:80", "kms.eu-west-1.amazonaws.com:8443", "collector.monitoring.svc:4318",
		"kms.eu-west-1.amazonaws.com:443", "10.20.30.40:443")
	for range 10 {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		plan, err := Plan(all)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/plan.txt", show(plan)+"\n/etc/hosts:\n"+HostsFile(plan))
	}
}

func show(plan []Binding) string {
	var b strings.Builder
	for _, p := range plan {
		fmt.Fprintf(&b, "%s listens on %s", p.Endpoint, p.Listen)
		if p.Assign {
			fmt.Fprintf(&b, ", with %s/%d on lo", p.Listen.Addr(), p.Listen.Addr().BitLen())
		}
		b.WriteString("\n")
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestPlanIsFullAndHasNoCollision fills the block to its last address.
func TestPlanIsFullAndHasNoCollision(t *testing.T) {
	var all []Endpoint
	for i := range MaxHosts {
		all = append(all, Endpoint{fmt.Sprintf("h%d.example", i), 443})
	}
	plan, err := Plan(all)
	if err != nil {
		t.Fatal(err)
	}
	block := netip.MustParsePrefix("127.100.0.0/16")
	seen := map[netip.AddrPort]bool{}
	for _, p := range plan {
		if seen[p.Listen] || !block.Contains(p.Listen.Addr()) {
			t.Fatalf("%v has %v", p.Endpoint, p.Listen)
		}
		seen[p.Listen] = true
	}
	if first, last := plan[0].Listen.Addr(), plan[len(plan)-1].Listen.Addr(); first.String() != "127.100.0.1" || last.String() != "127.100.255.254" {
		t.Errorf("the block is from %v to %v", first, last)
	}
	if _, err := Plan(append(all, Endpoint{"one.more", 443})); err == nil || !strings.Contains(err.Error(), "65535 host names") {
		t.Errorf("one host too many: %v", err)
	}
	if plan, err := Plan(append(all, endpoints(t, "10.0.0.1:443")...)); err != nil || len(plan) != MaxHosts+1 {
		t.Errorf("an address takes none of the block's: %v", err)
	}
}

func TestPlanOfNothing(t *testing.T) {
	plan, err := Plan(nil)
	if err != nil || len(plan) != 0 {
		t.Errorf("planned %v, %v", plan, err)
	}
	if got := HostsFile(plan); got != "127.0.0.1\tlocalhost\n::1\tlocalhost\n" {
		t.Errorf("hosts file is %q", got)
	}
}
