package components

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// resolveShape finds out what an instance type brings: from the user, else from EC2,
// and from the table of runtime/capacity in a preview that cannot ask EC2.
//
// A type that cannot be used is returned as a shape with a refusal, or without
// numbers where nobody knows them: capacity.New then says so together with all other faults, and names types
// that hold the request.
func resolveShape(ctx *pulumi.Context, instanceType string, given *capacity.Shape, opts []pulumi.InvokeOption) (capacity.Shape, error) {
	if given != nil {
		shape := *given
		shape.InstanceType = instanceType
		return shape, nil
	}
	if _, surely := capacity.Unsupported(instanceType); surely {
		return capacity.Shape{InstanceType: instanceType}, nil
	}
	found, err := askEC2(ctx, instanceType, opts)
	switch {
	case err == nil:
		return shapeFromEC2(instanceType, found), nil
	case unknownToEC2(err):
		return capacity.Shape{InstanceType: instanceType, Refusal: "is not an instance type that EC2 has in this region"}, nil
	case ctx.DryRun():
		return shapeFromTable(ctx, instanceType, err)
	}
	return capacity.Shape{}, fault.Fault{
		Property: "instanceType", Value: instanceType,
		Rule:   fmt.Sprintf("could not be looked up in EC2: %v", err),
		WayOut: "allow ec2:DescribeInstanceTypes to whoever runs pulumi, or give instanceShape",
	}
}

// errNotConfigured is an empty answer: in a preview the engine gives it for every
// function of a provider whose configuration is not known yet.
var errNotConfigured = errors.New("the AWS provider is not configured yet")

// askEC2 calls DescribeInstanceTypes.
func askEC2(ctx *pulumi.Context, instanceType string, opts []pulumi.InvokeOption) (*ec2.GetInstanceTypeResult, error) {
	found, err := ec2.GetInstanceType(ctx, &ec2.GetInstanceTypeArgs{InstanceType: instanceType}, opts...)
	if err != nil {
		return nil, err
	}
	if found.NitroEnclavesSupport == "" {
		return nil, errNotConfigured
	}
	return found, nil
}

// unknownToEC2 tells the answer that there is no such type from a failure to ask.
// Across the engine only the text is left: EC2's error code, or what the provider
// makes of an empty list.
func unknownToEC2(err error) bool {
	return strings.Contains(err.Error(), "InvalidInstanceType") || strings.Contains(err.Error(), "no matching EC2 Instance Type found")
}

// shapeFromEC2 takes everything from EC2's answer but the NUMA nodes, which EC2 does
// not publish: they are assumed, and instanceShape overrides it.
func shapeFromEC2(instanceType string, found *ec2.GetInstanceTypeResult) capacity.Shape {
	architecture := capacity.X8664
	if slices.Contains(found.SupportedArchitectures, string(capacity.ARM64)) {
		architecture = capacity.ARM64
	}
	shape := capacity.Shape{
		InstanceType:   instanceType,
		Architecture:   architecture,
		VCPUs:          found.DefaultVcpus,
		ThreadsPerCore: found.DefaultThreadsPerCore,
		NUMANodes:      capacity.AssumedNUMANodes(instanceType, architecture, found.DefaultVcpus),
		MemoryMiB:      found.MemorySize,
		MaxPods:        maxPods(found),
	}
	if found.NitroEnclavesSupport != "supported" {
		shape.Refusal = fmt.Sprintf("cannot run Nitro Enclaves: EC2's NitroEnclavesSupport is %q", found.NitroEnclavesSupport)
	}
	return shape
}

// maxPods counts the interfaces of the default network card, as eni-max-pods.txt
// does. It is 0, not known, where EC2's answer has no network.
func maxPods(found *ec2.GetInstanceTypeResult) int {
	interfaces := found.MaximumNetworkInterfaces
	for _, card := range found.NetworkCards {
		if card.Index == found.DefaultNetworkCardIndex {
			interfaces = card.MaximumInterfaces
		}
	}
	if interfaces < 1 || found.MaximumIpv4AddressesPerInterface < 1 {
		return 0
	}
	return capacity.ENIMaxPods(interfaces, found.MaximumIpv4AddressesPerInterface)
}

// shapeFromTable is for previews only: the update asks EC2 again, and would rather
// fail than build nodes on what is perhaps out of date.
func shapeFromTable(ctx *pulumi.Context, instanceType string, why error) (capacity.Shape, error) {
	warning := fmt.Sprintf("EC2 could not be asked about the instance type %s (%v). This preview goes by %s; the update will ask EC2.",
		instanceType, why, capacity.TableSource)
	if err := ctx.Log.Warn(warning, nil); err != nil {
		return capacity.Shape{}, err
	}
	if shape, ok := capacity.LookupShape(instanceType); ok {
		return shape, nil
	}
	return capacity.Shape{InstanceType: instanceType}, nil
}
