package capacity

import (
	"fmt"
	"strconv"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// PodResources returns what the pod of one enclave requests, and must have as
// limits too: a slot, CPUs of the pool, and the enclave's hugepages. Kubernetes
// also wants cpu or memory of a pod with hugepages; those are the host side of the
// pod, and its author's choice.
func (p Plan) PodResources() map[string]string {
	return resources(1, p.Request.Enclave.CPUs, p.EnclavePages)
}

// NodeResources returns what a node of the plan offers, for schedulers that
// simulate nodes that do not exist yet. "cpu" and "memory" are what is really
// allocatable. Cluster Autoscaler takes all of them as tags; a Karpenter
// NodeOverlay refuses cpu and memory, which must be left out there.
func (p Plan) NodeResources() map[string]string {
	all := resources(p.Slots, p.CPUPool, p.NodePages)
	all["cpu"] = fmt.Sprintf("%dm", p.HostCPUMillis)
	all["memory"] = fmt.Sprintf("%dMi", p.HostMemoryMiB)
	return all
}

func resources(slots, cpus int, pages []Pages) map[string]string {
	all := map[string]string{
		contract.ResourceEnclaves:    strconv.Itoa(slots),
		contract.ResourceEnclaveCPUs: strconv.Itoa(cpus),
	}
	for _, p := range pages {
		all[p.Size.Resource()] = p.Quantity()
	}
	return all
}
