package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// network is where a cluster lives.
type network struct {
	vpc     pulumi.StringInput
	subnets pulumi.StringArrayInput
}

// findNetwork is the network of the arguments, or the default VPC as the real component takes it.
func findNetwork(ctx *pulumi.Context, args *clusterArgs, parent pulumi.InvokeOption) (network, error) {
	n := network{vpc: args.VpcID, subnets: givenSubnets(args)}
	if n.vpc == nil {
		var vpc struct {
			ID string `pulumi:"id"`
		}
		in := struct {
			Default bool `pulumi:"default"`
		}{true}
		if err := ctx.Invoke("aws:ec2/getVpc:getVpc", &in, &vpc, parent); err != nil {
			return network{}, fmt.Errorf("finding the default VPC: %w", err)
		}
		n.vpc = pulumi.String(vpc.ID)
	}
	if n.subnets == nil {
		var subnets struct {
			IDs []string `pulumi:"ids"`
		}
		if err := ctx.Invoke("aws:ec2/getSubnets:getSubnets", &struct{}{}, &subnets, parent); err != nil {
			return network{}, fmt.Errorf("finding the default VPC's subnets: %w", err)
		}
		n.subnets = pulumi.ToStringArray(subnets.IDs)
	}
	return n, nil
}

// givenSubnets are the arguments' subnets; public and private ones together when
// the program tells them apart.
func givenSubnets(args *clusterArgs) pulumi.StringArrayInput {
	public, private := args.PublicSubnetIDs, args.PrivateSubnetIDs
	switch {
	case args.SubnetIDs != nil:
		return args.SubnetIDs
	case public == nil:
		return private
	case private == nil:
		return public
	}
	both := pulumi.All(public, private).ApplyT(func(all []any) []string {
		var out []string
		for _, ids := range all {
			list, _ := ids.([]string)
			out = append(out, list...)
		}
		return out
	})
	out, _ := both.(pulumi.StringArrayOutput)
	return out
}
