package capacity

import (
	"slices"
	"strings"
	"unicode"
)

// Families without enclaves at any size. t3, t3a, t4g and a1 are in every copy of
// AWS's list of exceptions; the others are not virtualized by Nitro, which is the
// list's first condition (DescribeInstanceTypes says "xen" of them).
var (
	exceptedFamilies = []string{"t3", "t3a", "t4g", "a1"}
	xenFamilies      = []string{
		"t1", "t2", "m1", "m2", "m3", "m4", "c1", "c3", "c4", "r3", "r4",
		"d2", "h1", "i2", "i3", "x1", "x1e",
	}
)

// Unsupported tells whether an instance type surely has no Nitro Enclaves, and
// why. False means only that this list does not exclude it: AWS's list changes,
// and EC2's DescribeInstanceTypes (NitroEnclavesSupport) is the authority.
func Unsupported(instanceType string) (reason string, yes bool) {
	family, size, ok := strings.Cut(instanceType, ".")
	switch {
	case !ok:
		return "", false
	case size == "metal" || strings.HasPrefix(size, "metal-"):
		return "bare metal has no hypervisor to make an enclave with", true
	case slices.Contains(xenFamilies, family):
		return "the " + family + " family does not run on the Nitro hypervisor", true
	case slices.Contains(exceptedFamilies, family):
		return "AWS excepts the " + family + " family from Nitro Enclaves", true
	case slices.Contains([]string{"nano", "micro", "small", "medium"}, size):
		return "it has too few vCPUs to give an enclave a core", true
	case size == "large" && singleCore(family):
		return "its 2 vCPUs are one core, which stays with the host", true
	}
	return "", false
}

// singleCore tells whether a family's large is one core with two threads. Families
// without threads have two cores there, and some of them have enclaves.
func singleCore(name string) bool {
	f, ok := findFamily(name)
	return ok && f.sizes[0].threads == 2
}

// architectureOf reads the architecture off a family's name: Graviton families
// have a g among the letters after the generation ("c6gn", "im4gn"), while a g
// before it is a GPU family ("g5").
func architectureOf(family string) Architecture {
	digit := strings.IndexFunc(family, unicode.IsDigit)
	if family == "a1" || digit >= 0 && strings.Contains(family[digit:], "g") {
		return ARM64
	}
	return X8664
}

// typeRule says what is wrong with the instance type as such.
func typeRule(s Shape) string {
	if reason, yes := Unsupported(s.InstanceType); yes {
		return "cannot run Nitro Enclaves: " + reason
	}
	if s.Refusal != "" {
		return s.Refusal
	}
	numbers := s
	numbers.InstanceType = ""
	if s.InstanceType == "" || numbers != (Shape{}) {
		return ""
	}
	return tableRule(s.InstanceType)
}

// tableRule is about a type of which nobody knows numbers.
func tableRule(instanceType string) string {
	_, size, listed := find(instanceType)
	switch {
	case !listed:
		return "is not in the table of instance types (" + TableSource + "), so instanceShape must describe it"
	case !size.enclaves:
		return "cannot run Nitro Enclaves by the table of instance types (" + TableSource + ")"
	}
	return ""
}
