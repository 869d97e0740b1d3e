package nodes

import (
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/nodes/instance"
)

// lookupShape takes only what an instance type is from the product; what becomes
// of it is package instance's own business.
func lookupShape(instanceType string) (instance.Shape, error) {
	if s, ok := capacity.LookupShape(instanceType); ok {
		return instance.Shape{
			ARM: s.Architecture == capacity.ARM64, VCPUs: s.VCPUs, ThreadsPerCore: s.ThreadsPerCore,
			NUMANodes: s.NUMANodes, MemoryMiB: s.MemoryMiB, MaxPods: s.MaxPods,
		}, nil
	}
	if strings.HasPrefix(instanceType, "t3.") { // EKS's default, which has no enclaves
		return instance.Shape{VCPUs: 2, ThreadsPerCore: 2, NUMANodes: 1, MemoryMiB: 4096, MaxPods: 17}, nil
	}
	return instance.Shape{}, fmt.Errorf("the local stack does not know the instance type %q", instanceType)
}
