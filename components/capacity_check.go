package components

import (
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// capacity checks a capacity that a user may have written by hand. It returns
// whether it is known and sound.
func (c *checks) capacity(in CapacityInput) bool {
	if !c.required("capacity", in != nil, "pass the capacity output of an EnclaveNodeGroup, or describe your own nodes") {
		return false
	}
	value, ok, err := known[Capacity](c.ctx, in.ToCapacityOutput())
	c.faults.Join("capacity", err)
	if !ok {
		return false
	}
	before := len(c.faults)
	if most := contract.MaxEnclavesPerNode; value.Slots < 1 || value.Slots > most {
		c.faults.Add("capacity.slots", value.Slots, fmt.Sprintf("must be from 1 to %d, EC2's limit of enclaves on an instance", most), "")
	}
	if value.Nodes < 0 {
		c.faults.Add("capacity.nodes", value.Nodes, "must not be negative", "")
	}
	if value.MaxNodes != nil && *value.MaxNodes < value.Nodes {
		c.faults.Add("capacity.maxNodes", *value.MaxNodes, "must not be below capacity.nodes", "leave it out without an autoscaler")
	}
	if value.EnclaveCPUs < 1 {
		c.faults.Add("capacity.enclaveCpus", value.EnclaveCPUs, "must be at least 1", "an enclave has whole cores: 2 CPUs with hyper-threads")
	}
	if value.EnclaveMemoryMiB < capacity.MinEnclaveMiB {
		c.faults.Add("capacity.enclaveMemoryMib", value.EnclaveMemoryMiB, fmt.Sprintf("must be at least %d, the driver's minimum", capacity.MinEnclaveMiB), "")
	}
	c.hugepages(value.EnclaveHugepages)
	return len(c.faults) == before
}

func (c *checks) hugepages(pages map[string]string) {
	if len(pages) == 0 {
		c.faults.Add("capacity.enclaveHugepages", nil, "is required: without a hugepages limit no pod can start an enclave", `write {"hugepages-1Gi": "1Gi"} or what your nodes have`)
	}
	for _, name := range sortedKeys(pages) {
		if !strings.HasPrefix(name, contract.ResourceHugepagesPrefix) {
			c.faults.Add("capacity.enclaveHugepages", name, "is not a hugepages resource", "write it as hugepages-1Gi or hugepages-2Mi")
		}
	}
}
