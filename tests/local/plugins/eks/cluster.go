package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// parts is everything that a cluster's outputs are made of.
type parts struct {
	args                    *clusterArgs
	net                     network
	serviceRole             *role
	instanceRoles           []*role
	clusterGroup, nodeGroup *plainResource // nil without security groups
	ingress                 *plainResource
	cluster                 *cluster
	oidc                    *oidcProvider // nil without
	accessEntries           []pulumi.Resource
	issuer                  pulumi.StringOutput
}

// construct makes the component and its children.
func construct(ctx *pulumi.Context, name string, in provider.ConstructInputs, opts pulumi.ResourceOption, dir string) (*provider.ConstructResult, error) {
	args, err := readArgs(in)
	if err != nil {
		return nil, err
	}
	component, outputs, err := build(ctx, name, args, opts, dir)
	if err != nil {
		return nil, err
	}
	return &provider.ConstructResult{URN: component.URN(), State: outputs}, nil
}

func build(ctx *pulumi.Context, name string, args *clusterArgs, opts pulumi.ResourceOption, dir string) (pulumi.Resource, pulumi.Map, error) {
	component := &pulumi.ResourceState{}
	if err := ctx.RegisterComponentResource(typeCluster, name, component, opts); err != nil {
		return nil, nil, fmt.Errorf("registering the component: %w", err)
	}
	p := &parts{args: args}
	var err error
	if p.net, err = findNetwork(ctx, args, pulumi.Parent(component)); err != nil {
		return nil, nil, err
	}
	m := &maker{ctx: ctx, name: name, opts: []pulumi.ResourceOption{pulumi.Parent(component)}}
	if err := p.make(m); err != nil {
		return nil, nil, err
	}
	outputs := p.outputs(dir)
	if err := ctx.RegisterResourceOutputs(component, outputs); err != nil {
		return nil, nil, fmt.Errorf("registering the outputs: %w", err)
	}
	return component, outputs, nil
}

func (p *parts) make(m *maker) error {
	p.serviceRole = m.role("eksRole", "eks.amazonaws.com", "AmazonEKSClusterPolicy")
	if c := p.args.CreateInstanceRole; c == nil || *c {
		p.instanceRoles = []*role{m.role("instanceRole", "ec2.amazonaws.com",
			"AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly")}
	}
	groups := !isTrue(p.args.SkipDefaultSecurityGroups)
	if groups {
		p.clusterGroup = m.securityGroup("eksClusterSecurityGroup", "Managed by Pulumi", p.net.vpc)
		m.rule("eksClusterInternetEgressRule", "egress", "-1", 0, 0, p.clusterGroup, anywhere())
	}
	p.makeCluster(m)
	if m.err != nil {
		return m.err
	}
	p.issuer = text(p.cluster.Issuers.ApplyT(issuer))
	if groups {
		p.makeNodeSecurity(m)
	}
	if isTrue(p.args.CreateOidcProvider) {
		p.oidc = &oidcProvider{}
		m.register("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "oidcProvider", pulumi.Map{
			"url": p.issuer, "clientIdLists": pulumi.StringArray{pulumi.String("sts.amazonaws.com")},
		}, p.oidc)
	}
	p.makeAccess(m)
	return m.err
}

func (p *parts) makeCluster(m *maker) {
	a := p.args
	vpc := pulumi.Map{"subnetIds": p.net.subnets}
	optional(vpc, "endpointPrivateAccess", a.EndpointPrivateAccess)
	optional(vpc, "endpointPublicAccess", a.EndpointPublicAccess)
	optional(vpc, "publicAccessCidrs", a.PublicAccessCidrs)
	if p.clusterGroup != nil {
		vpc["securityGroupIds"] = pulumi.Array{p.clusterGroup.ID()}
	}
	in := pulumi.Map{"roleArn": p.serviceRole.Arn, "vpcConfig": vpc}
	optional(in, "name", a.Name)
	optional(in, "version", a.Version)
	optional(in, "enabledClusterLogTypes", a.EnabledClusterLogTypes)
	optional(in, "tags", a.ClusterTags)
	if a.ClusterTags == nil {
		optional(in, "tags", a.Tags)
	}
	if a.AuthenticationMode != nil {
		in["accessConfig"] = pulumi.Map{"authenticationMode": pulumi.String(*a.AuthenticationMode)}
	}
	if a.KubernetesServiceIPAddressRange != nil {
		in["kubernetesNetworkConfig"] = pulumi.Map{"serviceIpv4Cidr": a.KubernetesServiceIPAddressRange}
	}
	p.cluster = &cluster{}
	m.register("aws:eks/cluster:Cluster", "eksCluster", in, p.cluster)
}

func (p *parts) makeNodeSecurity(m *maker) {
	p.nodeGroup = m.securityGroup("nodeSecurityGroup", "Managed by Pulumi", p.net.vpc)
	if m.err != nil {
		return
	}
	fromCluster := pulumi.Map{"sourceSecurityGroupId": p.clusterGroup.ID()}
	m.rule("eksNodeIngressRule", "ingress", "-1", 0, 0, p.nodeGroup, pulumi.Map{"self": pulumi.Bool(true)})
	m.rule("eksNodeClusterIngressRule", "ingress", "tcp", 1025, 65535, p.nodeGroup, fromCluster)
	m.rule("eksExtApiServerClusterIngressRule", "ingress", "tcp", 443, 443, p.nodeGroup, fromCluster)
	m.rule("eksNodeInternetEgressRule", "egress", "-1", 0, 0, p.nodeGroup, anywhere())
	p.ingress = m.rule("eksClusterIngressRule", "ingress", "tcp", 443, 443, p.clusterGroup,
		pulumi.Map{"sourceSecurityGroupId": p.nodeGroup.ID()})
}

func (p *parts) makeAccess(m *maker) {
	for _, name := range sortedKeys(p.args.AccessEntries) {
		e, entry := p.args.AccessEntries[name], &plainResource{}
		in := pulumi.Map{"clusterName": p.cluster.Name, "principalArn": e.PrincipalArn}
		optional(in, "kubernetesGroups", e.KubernetesGroups)
		optional(in, "type", e.Type)
		optional(in, "userName", e.Username)
		optional(in, "tags", e.Tags)
		m.register("aws:eks/accessEntry:AccessEntry", name, in, entry)
		p.accessEntries = append(p.accessEntries, entry)
		for _, policy := range sortedKeys(e.AccessPolicies) {
			with := *m
			with.opts = append([]pulumi.ResourceOption{pulumi.DependsOn([]pulumi.Resource{entry})}, m.opts...)
			with.register("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", name+"-"+policy, pulumi.Map{
				"clusterName": p.cluster.Name, "principalArn": e.PrincipalArn,
				"policyArn": e.AccessPolicies[policy].PolicyArn, "accessScope": e.AccessPolicies[policy].AccessScope,
			}, &plainResource{})
			m.err = with.err
		}
	}
}
