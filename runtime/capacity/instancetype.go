package capacity

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// sizeName is EC2's name for a size of that many vCPUs: an xlarge is 4.
func sizeName(vcpus int) string {
	switch vcpus {
	case 2:
		return "large"
	case 4:
		return "xlarge"
	default:
		return strconv.Itoa(vcpus/4) + "xlarge"
	}
}

// Families without enclaves at any size. t3, t3a, t4g and a1 are in every copy of
// AWS's list of exceptions; the others are not virtualized by Nitro, which is the
// list's first condition.
var (
	exceptedFamilies = []string{"t3", "t3a", "t4g", "a1"}
	xenFamilies      = []string{"t1", "t2", "m1", "m2", "m3", "m4", "c1", "c3", "c4", "r3", "r4"}
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
	case size == "large" && architectureOf(family) == X8664:
		return "an x86_64 instance needs at least 4 vCPUs for an enclave", true
	}
	return "", false
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

// typeRule says what is wrong with the instance type as such. A shape without
// numbers is one that nobody could look up.
func typeRule(s Shape) string {
	if reason, yes := Unsupported(s.InstanceType); yes {
		return "cannot run Nitro Enclaves: " + reason
	}
	numbers := s
	numbers.InstanceType = ""
	if s.InstanceType != "" && numbers == (Shape{}) {
		return "is not in the catalogue of types with Nitro Enclaves, so instanceShape must describe it"
	}
	return ""
}

// alternatives returns the types to suggest in place of a shape, best first: the
// same family in ascending size, then the general-purpose and the memory-heavy
// family of the architecture.
func alternatives(s Shape) []Shape {
	own, _, _ := strings.Cut(s.InstanceType, ".")
	families := []string{own, "m5", "r5"}
	if s.Architecture == ARM64 || s.Architecture == "" && architectureOf(own) == ARM64 {
		families = []string{own, "m6g", "r6g"}
	}
	var all []Shape
	for _, name := range families {
		i := slices.IndexFunc(catalogue, func(f family) bool { return f.name == name })
		if i < 0 {
			continue
		}
		all = append(all, catalogue[i].shapes()...)
	}
	return slices.DeleteFunc(all, func(a Shape) bool { return a.InstanceType == s.InstanceType })
}

func defaultType(s Shape) Shape {
	return alternatives(s)[0]
}
