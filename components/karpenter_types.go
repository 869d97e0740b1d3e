package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// furtherTypes are the instance types that a Karpenter pool has besides the group's.
func (a *EnclaveNodeGroupArgs) furtherTypes() pulumi.StringArrayInput {
	if a.Karpenter == nil || a.Karpenter.InstanceTypes == nil {
		return pulumi.StringArray{}
	}
	return a.Karpenter.InstanceTypes
}

// furtherPlans plans the same enclaves on other instance types. All nodes of a pool
// have one user data and one device plugin, so each must hold as many as the first.
func furtherPlans(r capacity.Request, types []string, shape func(string) (capacity.Shape, error)) ([]capacity.Plan, error) {
	var plans []capacity.Plan
	var faults fault.List
	seen := []string{r.Shape.InstanceType}
	for i, name := range types {
		add := func(rule, wayOut string) {
			faults.Add(fmt.Sprintf("karpenter.instanceTypes[%d]", i), name, rule, wayOut)
		}
		if slices.Contains(seen, name) {
			add("is there already", "name each type once, and instanceType not at all")
			continue
		}
		seen = append(seen, name)
		plan, err := furtherPlan(r, name, shape)
		if err != nil {
			add("cannot be in the pool: "+rules(err), "leave it out")
			continue
		}
		plans = append(plans, plan)
	}
	return plans, faults.Err()
}

// rules are what the faults of a type break. Their ways out are for the group's own
// type and would mislead here.
func rules(err error) string {
	var list fault.List
	list.Join("", err)
	broken := make([]string, 0, len(list))
	for _, f := range list {
		broken = append(broken, f.Rule)
	}
	return strings.Join(broken, ", and ")
}

func furtherPlan(r capacity.Request, name string, shape func(string) (capacity.Shape, error)) (capacity.Plan, error) {
	other, err := shape(name)
	if err != nil {
		return capacity.Plan{}, err
	}
	if first := r.Shape; other.Architecture != "" && other.Architecture != first.Architecture {
		return capacity.Plan{}, fmt.Errorf("it is %s, and %s is %s", other.Architecture, first.InstanceType, first.Architecture)
	}
	r.Shape = other
	return capacity.New(r)
}

// plans are those of all instance types, the group's first.
func (s sizing) plans() []capacity.Plan { return append([]capacity.Plan{s.plan}, s.more...) }

// nodeResources are what every node of the group offers: of the host's CPU and
// memory, what the smallest one has.
func (s sizing) nodeResources() map[string]string {
	least := s.plan
	for _, plan := range s.more {
		least.HostCPUMillis = min(least.HostCPUMillis, plan.HostCPUMillis)
		least.HostMemoryMiB = min(least.HostMemoryMiB, plan.HostMemoryMiB)
	}
	return least.NodeResources()
}
