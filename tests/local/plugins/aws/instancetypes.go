package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// instanceType is what EC2 says of a type, as far as enclaves care.
type instanceType struct {
	vcpus, threads int
	memory         int // MiB
	enclaves       bool
}

// instanceTypes is a small part of EC2's list.
func instanceTypes() map[string]instanceType {
	return map[string]instanceType{
		"t3.medium":      {2, 2, 4096, false},
		"t3.large":       {2, 2, 8192, false},
		"t3.xlarge":      {4, 2, 16384, false},
		"m5.large":       {2, 2, 8192, false},
		"m5.xlarge":      {4, 2, 16384, true},
		"m5.2xlarge":     {8, 2, 32768, true},
		"m5.4xlarge":     {16, 2, 65536, true},
		"m6i.xlarge":     {4, 2, 16384, true},
		"m6i.2xlarge":    {8, 2, 32768, true},
		"m6i.4xlarge":    {16, 2, 65536, true},
		"m7i.xlarge":     {4, 2, 16384, true},
		"m7i.2xlarge":    {8, 2, 32768, true},
		"c6i.xlarge":     {4, 2, 8192, true},
		"c6i.2xlarge":    {8, 2, 16384, true},
		"c6i.4xlarge":    {16, 2, 32768, true},
		"r6i.xlarge":     {4, 2, 32768, true},
		"r6i.2xlarge":    {8, 2, 65536, true},
		"c6g.large":      {2, 1, 4096, true},
		"c6g.xlarge":     {4, 1, 8192, true},
		"m6g.xlarge":     {4, 1, 16384, true},
		"m7g.xlarge":     {4, 1, 16384, true},
		"m7g.2xlarge":    {8, 1, 32768, true},
		"m7i.metal-24xl": {96, 2, 393216, false},
	}
}

// arm tells the processor from the name: what follows the generation of a
// Graviton family begins with g (c6g, m7gd, im4gn).
func arm(name string) bool {
	family, _, _ := strings.Cut(name, ".")
	i := strings.IndexAny(family, "0123456789")
	return i >= 0 && strings.HasPrefix(strings.TrimLeft(family[i:], "0123456789"), "g")
}

func getInstanceType(_ *account, in props) (props, error) {
	name := in.str("instanceType")
	t, ok := instanceTypes()[name]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(instanceTypes())), ", ")
		return nil, fmt.Errorf("InvalidInstanceType: The following supplied instance types do not exist: [%s] "+
			"(the local stack knows %s; add others in tests/local/plugins/aws/instancetypes.go)", name, known)
	}
	architecture, support := "x86_64", "unsupported"
	if arm(name) {
		architecture = "arm64"
	}
	if t.enclaves {
		support = "supported"
	}
	return props{
		"id": name, "instanceType": name, "currentGeneration": true, "hypervisor": "nitro",
		"bareMetal":    strings.Contains(name, ".metal"),
		"defaultVcpus": t.vcpus, "defaultThreadsPerCore": t.threads, "defaultCores": t.vcpus / t.threads,
		"memorySize": t.memory, "nitroEnclavesSupport": support,
		"supportedArchitectures": []any{architecture}, "burstablePerformanceSupported": strings.HasPrefix(name, "t"),
	}, nil
}
