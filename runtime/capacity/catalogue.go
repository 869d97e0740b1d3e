package capacity

import "strings"

// family is a row of the catalogue. Every size of it has the same memory per vCPU.
type family struct {
	name         string
	architecture Architecture
	threads      int
	mibPerVCPU   int
	vcpus        []int
}

// Sizes by vCPUs; a size's name follows from them (see sizeName).
var (
	sizes5  = []int{4, 8, 16, 32, 48, 64, 96}
	sizesC5 = []int{4, 8, 16, 36, 48, 72, 96}
	sizes6i = []int{4, 8, 16, 32, 48, 64, 96, 128}
	sizes6a = []int{4, 8, 16, 32, 48, 64, 96, 128, 192}
	sizesG  = []int{2, 4, 8, 16, 32, 48, 64}
)

// catalogue holds families that AWS documents as supporting enclaves and that are
// regular. Families that some copy of AWS's own list excepts (most of the 7th generation)
// or that have irregular sizes are left out: they need an explicit shape.
var catalogue = []family{
	{"m5", X8664, 2, 4096, sizes5},
	{"m5d", X8664, 2, 4096, sizes5},
	{"c5", X8664, 2, 2048, sizesC5},
	{"c5d", X8664, 2, 2048, sizesC5},
	{"r5", X8664, 2, 8192, sizes5},
	{"r5d", X8664, 2, 8192, sizes5},
	{"m6i", X8664, 2, 4096, sizes6i},
	{"c6i", X8664, 2, 2048, sizes6i},
	{"r6i", X8664, 2, 8192, sizes6i},
	{"m6a", X8664, 2, 4096, sizes6a},
	{"c6a", X8664, 2, 2048, sizes6a},
	{"r6a", X8664, 2, 8192, sizes6a},
	{"m6g", ARM64, 1, 4096, sizesG},
	{"c6g", ARM64, 1, 2048, sizesG},
	{"r6g", ARM64, 1, 8192, sizesG},
	{"c7g", ARM64, 1, 2048, sizesG},
}

// LookupShape returns the shape of an instance type of the catalogue. The
// catalogue holds types known to support enclaves; a type that is not in it may
// still support them, and needs a shape by hand.
//
// EC2 does not publish NUMA nodes. The catalogue assumes one for every 48 vCPUs on
// x86_64 and for every 64 on Graviton, rounded up to a power of two, which is meant
// to err on the high side. Where a type has fewer, this promises less than there
// is, and a shape by hand can claim the rest.
func LookupShape(instanceType string) (Shape, bool) {
	name, size, ok := strings.Cut(instanceType, ".")
	if !ok {
		return Shape{}, false
	}
	for _, f := range catalogue {
		if f.name != name {
			continue
		}
		for _, v := range f.vcpus {
			if sizeName(v) == size {
				return f.shape(v), true
			}
		}
	}
	return Shape{}, false
}

// Catalogue returns every shape of the catalogue, by family and then by size.
func Catalogue() []Shape {
	var all []Shape
	for _, f := range catalogue {
		all = append(all, f.shapes()...)
	}
	return all
}

func (f family) shapes() []Shape {
	var all []Shape
	for _, v := range f.vcpus {
		all = append(all, f.shape(v))
	}
	return all
}

func (f family) shape(vcpus int) Shape {
	return Shape{
		InstanceType:   f.name + "." + sizeName(vcpus),
		Architecture:   f.architecture,
		VCPUs:          vcpus,
		ThreadsPerCore: f.threads,
		NUMANodes:      AssumedNUMANodes(f.architecture, vcpus),
		MemoryMiB:      vcpus * f.mibPerVCPU,
		MaxPods:        eniMaxPods(vcpus),
	}
}

// AssumedNUMANodes guesses how many NUMA nodes an instance type has, on the high
// side, for types of which only the vCPUs are known. No type of the catalogue's families is
// known to us to have a NUMA node of fewer than 24 x86 or 64 Graviton cores unless the
// type itself is smaller. Rounding up to a power of two also covers uneven nodes:
// 48, 48 and 32 vCPUs have a node of 32 at least.
func AssumedNUMANodes(a Architecture, vcpus int) int {
	perNode := 48
	if a == ARM64 {
		perNode = 64
	}
	nodes := 1
	for nodes*perNode < vcpus {
		nodes *= 2
	}
	return nodes
}

// eniMaxPods is amazon-eks-ami's nodeadm/internal/kubelet/eni-max-pods.txt: the
// families of the catalogue agree on these numbers. Later families have more.
func eniMaxPods(vcpus int) int {
	switch {
	case vcpus <= 2:
		return 29
	case vcpus <= 8:
		return 58
	case vcpus <= 48:
		return 234
	default:
		return 737
	}
}
