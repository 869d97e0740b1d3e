package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/userdata"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// sizing is what an enclave node group's numbers come to. err carries the
// faults, so that they can be reported with those of the other arguments.
type sizing struct {
	plan capacity.Plan
	more []capacity.Plan // of the further instance types of a Karpenter pool
	err  error
}

// sizing works the plan out of the arguments; it is unknown when one of them is.
func (a *EnclaveNodeGroupArgs) sizing(ctx *pulumi.Context, opts []pulumi.InvokeOption) pulumi.Output {
	return pulumi.All(
		stringOr(a.InstanceType, ""), a.InstanceShape.output(),
		intOr(a.EnclaveCPUs, 0), intOr(a.EnclaveMemoryMiB, 0), intOr(a.ImageSizeMiB, 0),
		intOr(a.EnclavesPerNode, 1),
		stringOr(a.Reservation, string(capacity.Allocator)), stringOr(a.PageSize, ""), a.furtherTypes(),
	).ApplyT(func(v []any) sizing {
		shape, err := resolveShape(ctx, v[0].(string), v[1].(*capacity.Shape), opts)
		if err != nil {
			return sizing{err: err}
		}
		request := capacity.Request{
			Shape:           shape,
			Enclave:         capacity.Enclave{CPUs: v[2].(int), MemoryMiB: v[3].(int), ImageMiB: v[4].(int)},
			EnclavesPerNode: v[5].(int),
			Reservation:     capacity.Reservation(v[6].(string)),
			PageSize:        capacity.PageSize(v[7].(string)),
		}
		plan, err := capacity.New(request)
		if err != nil {
			return sizing{err: err}
		}
		more, err := furtherPlans(request, v[8].([]string), func(name string) (capacity.Shape, error) {
			return resolveShape(ctx, name, nil, opts)
		})
		return sizing{plan: plan, more: more, err: err}
	})
}

// userDataSpec is what the node's user data must do for the plan to hold.
func userDataSpec(plan capacity.Plan) userdata.Spec {
	spec := userdata.Spec{
		Reservation:   string(plan.Request.Reservation),
		CPUCount:      plan.CPUPool,
		MemoryMiB:     plan.ReservedMiB,
		DeviceGroupID: contract.DeviceGroupID,
		SeccompPath:   contract.SeccompRoot + "/" + contract.SeccompProfile,
	}
	for _, pages := range plan.NodePages {
		spec.Pages = append(spec.Pages, userdata.Pages{MiB: pages.Size.MiB(), Count: pages.Count})
	}
	if spec.Reservation == string(capacity.Direct) {
		spec.PageMiB = plan.NodePages[0].Size.MiB()
	}
	return spec
}
