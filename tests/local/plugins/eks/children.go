package main

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The aws resources of a cluster, with the outputs that the component reads.
type (
	role struct {
		pulumi.CustomResourceState

		Arn  pulumi.StringOutput `pulumi:"arn"`
		Name pulumi.StringOutput `pulumi:"name"`
	}

	cluster struct {
		pulumi.CustomResourceState

		Name      pulumi.StringOutput `pulumi:"name"`
		Endpoint  pulumi.StringOutput `pulumi:"endpoint"`
		VpcConfig pulumi.AnyOutput    `pulumi:"vpcConfig"`
		Issuers   pulumi.AnyOutput    `pulumi:"identities"`
	}

	oidcProvider struct {
		pulumi.CustomResourceState

		Arn pulumi.StringOutput `pulumi:"arn"`
	}

	plainResource struct{ pulumi.CustomResourceState }
)

// maker registers a component's children, all with the same options. After the
// first error it registers nothing more.
type maker struct {
	ctx  *pulumi.Context
	name string // of the component, and the beginning of every child's
	opts []pulumi.ResourceOption
	err  error
}

func (m *maker) register(typ, suffix string, in pulumi.Map, res pulumi.CustomResource) {
	if m.err != nil {
		return
	}
	for k, v := range in {
		if v == nil {
			delete(in, k)
		}
	}
	m.err = m.ctx.RegisterResource(typ, m.name+"-"+suffix, in, res, m.opts...)
}

// role makes a role that a service assumes, with AWS's policies attached.
func (m *maker) role(suffix, service string, policies ...string) *role {
	r := &role{}
	m.register("aws:iam/role:Role", suffix+"-role", pulumi.Map{"assumeRolePolicy": pulumi.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
			`"Principal":{"Service":"` + service + `"}}]}`)}, r)
	for _, policy := range policies {
		m.register("aws:iam/rolePolicyAttachment:RolePolicyAttachment", suffix+"-"+policy, pulumi.Map{
			"role": r.Name, "policyArn": pulumi.String("arn:aws:iam::aws:policy/" + policy),
		}, &plainResource{})
	}
	return r
}

func (m *maker) securityGroup(suffix, description string, vpc pulumi.Input) *plainResource {
	sg := &plainResource{}
	m.register("aws:ec2/securityGroup:SecurityGroup", suffix, pulumi.Map{
		"vpcId": vpc, "description": pulumi.String(description), "revokeRulesOnDelete": pulumi.Bool(true),
	}, sg)
	return sg
}

// rule lets traffic through; peer is what it comes from or goes to.
func (m *maker) rule(suffix, typ, protocol string, from, to int, group *plainResource, peer pulumi.Map) *plainResource {
	in := pulumi.Map{
		"type": pulumi.String(typ), "protocol": pulumi.String(protocol),
		"fromPort": pulumi.Int(from), "toPort": pulumi.Int(to), "securityGroupId": group.ID(),
	}
	maps.Copy(in, peer)
	r := &plainResource{}
	m.register("aws:ec2/securityGroupRule:SecurityGroupRule", suffix, in, r)
	return r
}

func anywhere() pulumi.Map {
	return pulumi.Map{"cidrBlocks": pulumi.StringArray{pulumi.String("0.0.0.0/0")}}
}
