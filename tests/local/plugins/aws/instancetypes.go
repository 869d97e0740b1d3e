package main

import (
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// instanceType is what EC2 says of a type, as far as enclaves and nodes care.
type instanceType struct {
	vcpus, threads        int
	memory                int // MiB
	interfaces, addresses int // network interfaces, and the IPv4 addresses of one
	enclaves              bool
}

// instanceTypes is a small part of EC2's list, written out: what the components make
// of it must agree with their own table.
func instanceTypes() map[string]instanceType {
	return map[string]instanceType{
		"t3.medium":       {2, 2, 4096, 3, 6, false},
		"t3.large":        {2, 2, 8192, 3, 12, false},
		"t3.xlarge":       {4, 2, 16384, 4, 15, false},
		"m5.large":        {2, 2, 8192, 3, 10, false},
		"m5.xlarge":       {4, 2, 16384, 4, 15, true},
		"m5.2xlarge":      {8, 2, 32768, 4, 15, true},
		"m5.4xlarge":      {16, 2, 65536, 8, 30, true},
		"m6i.xlarge":      {4, 2, 16384, 4, 15, true},
		"m6i.2xlarge":     {8, 2, 32768, 4, 15, true},
		"m6i.4xlarge":     {16, 2, 65536, 8, 30, true},
		"m7i.xlarge":      {4, 2, 16384, 4, 15, true},
		"m7i.2xlarge":     {8, 2, 32768, 4, 15, true},
		"c6i.xlarge":      {4, 2, 8192, 4, 15, true},
		"c6i.2xlarge":     {8, 2, 16384, 4, 15, true},
		"c6i.4xlarge":     {16, 2, 32768, 8, 30, true},
		"r6i.xlarge":      {4, 2, 32768, 4, 15, true},
		"r6i.2xlarge":     {8, 2, 65536, 4, 15, true},
		"c6g.large":       {2, 1, 4096, 3, 10, true},
		"c6g.xlarge":      {4, 1, 8192, 4, 15, true},
		"m6g.xlarge":      {4, 1, 16384, 4, 15, true},
		"m7g.xlarge":      {4, 1, 16384, 4, 15, true},
		"m7g.2xlarge":     {8, 1, 32768, 4, 15, true},
		"c7gn.2xlarge":    {8, 1, 16384, 4, 15, false},
		"m7i-flex.xlarge": {4, 2, 16384, 4, 15, false},
		"m7i.metal-24xl":  {96, 2, 393216, 15, 50, false},
	}
}

// describeInstanceType also knows the other types of the components' table, so that
// every type can be tried in a demo. Their network is one that makes as many pods.
func describeInstanceType(name string) (instanceType, bool) {
	if t, ok := instanceTypes()[name]; ok {
		return t, true
	}
	s, ok := capacity.LookupShape(name)
	return instanceType{s.VCPUs, s.ThreadsPerCore, s.MemoryMiB, 1, s.MaxPods - 1, ok}, ok
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
	t, ok := describeInstanceType(name)
	if !ok {
		return nil, fmt.Errorf("InvalidInstanceType: The following supplied instance types do not exist: [%s] "+
			"(the local stack knows those with enclaves; add others in tests/local/plugins/aws/instancetypes.go)", name)
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
		"maximumNetworkInterfaces": t.interfaces, "maximumIpv4AddressesPerInterface": t.addresses,
		"maximumNetworkCards": 1, "defaultNetworkCardIndex": 0,
		"networkCards":           []any{map[string]any{"index": 0, "maximumInterfaces": t.interfaces}},
		"supportedArchitectures": []any{architecture}, "burstablePerformanceSupported": strings.HasPrefix(name, "t"),
	}, nil
}
