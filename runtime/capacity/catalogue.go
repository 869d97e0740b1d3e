package capacity

import (
	"slices"
	"strings"
)

// family is a part of the table of instance types: see instancetypes_gen.go.
type family struct {
	name         string
	architecture Architecture
	sizes        []size
}

// size is one instance type, by what comes behind the dot of its name.
type size struct {
	name                               string
	vcpus, threads, memoryMiB, maxPods int
	enclaves                           bool
}

// LookupShape returns the shape of an instance type that supports enclaves by the
// table of TableSource. A type for which it returns none may support them all the
// same: AWS's list changes, and the table has no accelerated types.
//
// EC2 does not publish NUMA nodes; see AssumedNUMANodes. Where a type has fewer,
// this promises less than there is, and a shape by hand can claim the rest.
func LookupShape(instanceType string) (Shape, bool) {
	f, s, ok := find(instanceType)
	if !ok || !s.enclaves {
		return Shape{}, false
	}
	return f.shape(s), true
}

// Catalogue returns every shape that LookupShape knows, by family and then by size.
func Catalogue() []Shape {
	var all []Shape
	for _, f := range table {
		all = append(all, f.shapes()...)
	}
	return all
}

func find(instanceType string) (family, size, bool) {
	name, sizeName, _ := strings.Cut(instanceType, ".")
	f, ok := findFamily(name)
	if !ok {
		return family{}, size{}, false
	}
	i := slices.IndexFunc(f.sizes, func(s size) bool { return s.name == sizeName })
	if i < 0 {
		return family{}, size{}, false
	}
	return f, f.sizes[i], true
}

func findFamily(name string) (family, bool) {
	i, ok := slices.BinarySearchFunc(table, name, func(f family, name string) int { return strings.Compare(f.name, name) })
	if !ok {
		return family{}, false
	}
	return table[i], true
}

// shapes are those with enclaves.
func (f family) shapes() []Shape {
	var all []Shape
	for _, s := range f.sizes {
		if s.enclaves {
			all = append(all, f.shape(s))
		}
	}
	return all
}

func (f family) shape(s size) Shape {
	instanceType := f.name + "." + s.name
	return Shape{
		InstanceType:   instanceType,
		Architecture:   f.architecture,
		VCPUs:          s.vcpus,
		ThreadsPerCore: s.threads,
		NUMANodes:      AssumedNUMANodes(instanceType, f.architecture, s.vcpus),
		MemoryMiB:      s.memoryMiB,
		MaxPods:        s.maxPods,
	}
}

// ENIMaxPods is how many pods the VPC CNI has addresses for on an instance: the
// formula of amazon-eks-ami's eni-max-pods.txt, from the interfaces of the default
// network card and the IPv4 addresses of one. Each interface keeps an address for
// itself, and two pods use the host's network.
func ENIMaxPods(interfaces, addresses int) int {
	return interfaces*(addresses-1) + 2
}

// mostPods is the highest pod limit of all types that have no more vCPUs.
func mostPods(vcpus int) int {
	most := 0
	for _, f := range table {
		for _, s := range f.sizes {
			if s.enclaves && s.vcpus <= vcpus {
				most = max(most, s.maxPods)
			}
		}
	}
	return most
}
