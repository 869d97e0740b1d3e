package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/userdata"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// sizing is what an enclave node group's numbers come to. err carries the
// faults, so that they can be reported with those of the other arguments.
type sizing struct {
	plan capacity.Plan
	err  error
}

// sizing works the plan out of the arguments; it is unknown when one of them is.
func (a *EnclaveNodeGroupArgs) sizing(ctx *pulumi.Context, opts []pulumi.InvokeOption) pulumi.Output {
	return pulumi.All(
		stringOr(a.InstanceType, ""), a.InstanceShape.output(),
		intOr(a.EnclaveCPUs, 0), intOr(a.EnclaveMemoryMiB, 0), intOr(a.ImageSizeMiB, 0),
		intOr(a.EnclavesPerNode, 1),
		stringOr(a.Reservation, string(capacity.Allocator)), stringOr(a.PageSize, ""),
	).ApplyT(func(v []any) sizing {
		shape, err := resolveShape(ctx, v[0].(string), v[1].(*capacity.Shape), opts)
		if err != nil {
			return sizing{err: err}
		}
		plan, err := capacity.New(capacity.Request{
			Shape:           shape,
			Enclave:         capacity.Enclave{CPUs: v[2].(int), MemoryMiB: v[3].(int), ImageMiB: v[4].(int)},
			EnclavesPerNode: v[5].(int),
			Reservation:     capacity.Reservation(v[6].(string)),
			PageSize:        capacity.PageSize(v[7].(string)),
		})
		return sizing{plan: plan, err: err}
	})
}

// resolveShape finds out what an instance type brings: from the user, from the
// catalogue, which needs neither network nor credentials, or else from EC2.
func resolveShape(ctx *pulumi.Context, instanceType string, given *capacity.Shape, opts []pulumi.InvokeOption) (capacity.Shape, error) {
	if given != nil {
		shape := *given
		shape.InstanceType = instanceType
		return shape, nil
	}
	if shape, ok := capacity.LookupShape(instanceType); ok {
		return shape, nil
	}
	if _, unsupported := capacity.Unsupported(instanceType); unsupported {
		return capacity.Shape{InstanceType: instanceType}, nil // refused by capacity.New
	}
	return shapeFromEC2(ctx, instanceType, opts)
}

// shapeFromEC2 asks EC2's DescribeInstanceTypes. EC2 does not say how many NUMA
// nodes a type has; they are assumed, and instanceShape overrides it.
func shapeFromEC2(ctx *pulumi.Context, instanceType string, opts []pulumi.InvokeOption) (capacity.Shape, error) {
	wayOut := "check the spelling, or give instanceShape"
	found, err := ec2.GetInstanceType(ctx, &ec2.GetInstanceTypeArgs{InstanceType: instanceType}, opts...)
	if err != nil {
		return capacity.Shape{}, fault.Fault{
			Property: "instanceType", Value: instanceType,
			Rule: fmt.Sprintf("is not in the catalogue and EC2 does not know it (%v)", err), WayOut: wayOut,
		}
	}
	if found.NitroEnclavesSupport != "supported" {
		return capacity.Shape{}, fault.Fault{
			Property: "instanceType", Value: instanceType,
			Rule: "cannot run enclaves: EC2 says NitroEnclavesSupport is " + found.NitroEnclavesSupport, WayOut: "use another type",
		}
	}
	architecture := capacity.X8664
	for _, a := range found.SupportedArchitectures {
		if a == string(capacity.ARM64) {
			architecture = capacity.ARM64
		}
	}
	return capacity.Shape{
		InstanceType:   instanceType,
		Architecture:   architecture,
		VCPUs:          found.DefaultVcpus,
		ThreadsPerCore: found.DefaultThreadsPerCore,
		NUMANodes:      capacity.AssumedNUMANodes(instanceType, architecture, found.DefaultVcpus),
		MemoryMiB:      found.MemorySize,
	}, nil
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
