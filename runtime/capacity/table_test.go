package capacity

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTableIsSound checks what the lookups rely on, and that the table is whole.
func TestTableIsSound(t *testing.T) {
	if !slices.IsSortedFunc(table, func(a, b family) int { return strings.Compare(a.name, b.name) }) {
		t.Error("the families are not sorted")
	}
	types, general := 0, map[byte]int{}
	for _, f := range table {
		if !slices.IsSortedFunc(f.sizes, func(a, b size) int { return a.vcpus - b.vcpus }) {
			t.Errorf("the sizes of %s are not sorted", f.name)
		}
		for _, s := range f.sizes {
			types++
			if s.enclaves {
				general[f.name[0]]++
			}
		}
	}
	if types < 900 || general['m'] < 200 || general['c'] < 200 || general['r'] < 200 || general['x'] < 30 {
		t.Errorf("%d types, with enclaves by the first letter of their names: %v", types, general)
	}
	if ok, err := regexp.MatchString(`^EC2's list of 20\d\d-\d\d-\d\d, from moto \d+\.\d+\.\d+$`, TableSource); err != nil || !ok {
		t.Errorf("the source is %q (%v)", TableSource, err)
	}
}

// TestRulesAgreeWithTable: no type is surely without enclaves when EC2 lists them.
func TestRulesAgreeWithTable(t *testing.T) {
	for _, s := range Catalogue() {
		if reason, yes := Unsupported(s.InstanceType); yes {
			t.Errorf("%s is in the catalogue, but %s", s.InstanceType, reason)
		}
	}
}

// TestENIMaxPods holds the formula to numbers of amazon-eks-ami's eni-max-pods.txt.
func TestENIMaxPods(t *testing.T) {
	for _, tc := range []struct {
		instanceType                string
		interfaces, addresses, want int
	}{
		{"m5.xlarge", 4, 15, 58}, {"m5.4xlarge", 8, 30, 234}, {"m5.16xlarge", 15, 50, 737},
	} {
		if got := ENIMaxPods(tc.interfaces, tc.addresses); got != tc.want {
			t.Errorf("%s: got %d, want %d", tc.instanceType, got, tc.want)
		}
		if _, size, listed := find(tc.instanceType); !listed || size.maxPods != tc.want {
			t.Errorf("%s: the table has %+v, want %d pods", tc.instanceType, size, tc.want)
		}
	}
}

func TestAssumedNUMANodes(t *testing.T) {
	for _, tc := range []struct {
		instanceType string
		architecture Architecture
		vcpus, want  int
	}{
		{"", X8664, 4, 1}, {"m5.12xlarge", X8664, 48, 1}, {"m5.16xlarge", X8664, 64, 2}, {"m7i.48xlarge", X8664, 192, 4},
		{"", ARM64, 64, 1}, {"c8g.24xlarge", ARM64, 96, 2}, {"", ARM64, 192, 4},
		{"m5a.4xlarge", X8664, 16, 1}, {"m5a.8xlarge", X8664, 32, 2}, {"r5ad.12xlarge", X8664, 48, 4},
	} {
		if got := AssumedNUMANodes(tc.instanceType, tc.architecture, tc.vcpus); got != tc.want {
			t.Errorf("%+v: got %d", tc, got)
		}
	}
}

func TestAlternatives(t *testing.T) {
	for _, tc := range []struct {
		in                Shape
		families          string
		bigger, likeliest string
	}{
		{Shape{InstanceType: "m5.4xlarge"}, "m5 m5a m5d m5n m5ad", "m5.xlarge m5.2xlarge m5.8xlarge", "m5.8xlarge m5.12xlarge m5.16xlarge"},
		{Shape{InstanceType: "t4g.xlarge"}, "t4g m6g m6gd m7g m7gd", "m6g.large m6g.xlarge m6g.2xlarge", "m6g.xlarge m6g.2xlarge m6g.4xlarge"},
		{Shape{InstanceType: "c7gn.8xlarge"}, "c7gn c7g c7gd c6gn c8gn", "c7g.large c7g.xlarge c7g.2xlarge", "c7g.8xlarge c7g.12xlarge c7g.16xlarge"},
		{Shape{InstanceType: "r4.16xlarge"}, "r5 r5a r5b r5d r5n", "r5.xlarge r5.2xlarge r5.4xlarge", "r5.16xlarge r5.24xlarge r5.12xlarge"},
		{Shape{InstanceType: "m5.metal"}, "m5 m5a m5d m5n m5ad", "m5.xlarge m5.2xlarge m5.4xlarge", "m5.24xlarge m5.16xlarge m5.12xlarge"},
		{Shape{InstanceType: "m7i-flex.2xlarge"}, "m7i-flex m7i m7a m8i-flex m6i", "m7i.xlarge m7i.2xlarge m7i.4xlarge", "m7i.2xlarge m7i.4xlarge m7i.8xlarge"},
		{Shape{Architecture: ARM64, VCPUs: 8, MemoryMiB: 65536}, "r6g r6gd r7g r7gd r8g", "r6g.large r6g.xlarge r6g.2xlarge", "r6g.2xlarge r6g.4xlarge r6g.8xlarge"},
	} {
		t.Run(tc.in.InstanceType, func(t *testing.T) {
			var families, bigger, likeliest []string
			for _, f := range nearFamilies(tc.in)[:5] {
				families = append(families, f.name)
			}
			for s := range alternatives(tc.in) {
				bigger = append(bigger, s.InstanceType)
			}
			for _, s := range replacements(tc.in)[:3] {
				likeliest = append(likeliest, s.InstanceType)
			}
			want := []string{tc.families, tc.bigger, tc.likeliest}
			got := []string{strings.Join(families, " "), strings.Join(bigger[:3], " "), strings.Join(likeliest, " ")}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if slices.Contains(bigger, tc.in.InstanceType) {
				t.Error("a type is an alternative to itself")
			}
		})
	}
}

func TestMisspelt(t *testing.T) {
	for typed, want := range map[string]string{
		"m5.2xlagre":    "m5.2xlarge",
		"m5.2xlarg":     "m5.2xlarge",
		"m52xlarge":     "m5.xlarge m5.2xlarge",
		"M5.2XLarge":    "m5.2xlarge",
		"c6gx.4xlarge":  "c6g.4xlarge c6gd.4xlarge c6gn.4xlarge",
		"m9x.2xlarge":   "m9g.2xlarge",
		"r5.48xlarge":   "r5.4xlarge r5.8xlarge",
		"m5.2xlarge":    "", // right
		"c7gn.xlarge":   "", // right, although it has no enclaves
		"m4.large":      "", // right, and old
		"nonsense":      "",
		"t3.2xlarge.de": "",
		"":              "",
	} {
		var got []string
		for _, s := range misspelt(Shape{InstanceType: typed}) {
			got = append(got, s.InstanceType)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q: %s", typed, diff)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"m5", "m5", 0}, {"m5", "", 2}, {"m5", "c5", 1}, {"xlagre", "xlarge", 1}, {"c5", "c5ad", 2}, {"ab", "ba", 1}, {"abc", "cab", 2},
	} {
		if got := distance(tc.a, tc.b); got != tc.want {
			t.Errorf("%q to %q: got %d, want %d", tc.a, tc.b, got, tc.want)
		}
		if got := distance(tc.b, tc.a); got != tc.want {
			t.Errorf("%q to %q: got %d, want %d", tc.b, tc.a, got, tc.want)
		}
	}
}
