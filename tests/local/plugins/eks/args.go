package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// clusterArgs are the arguments of eks.Cluster that count here.
type clusterArgs struct {
	AccessEntries                   map[string]accessEntry  `pulumi:"accessEntries"`
	AuthenticationMode              *string                 `pulumi:"authenticationMode"`
	ClusterTags                     pulumi.StringMapInput   `pulumi:"clusterTags"`
	CreateInstanceRole              *bool                   `pulumi:"createInstanceRole"`
	CreateOidcProvider              *bool                   `pulumi:"createOidcProvider"`
	EnabledClusterLogTypes          pulumi.StringArrayInput `pulumi:"enabledClusterLogTypes"`
	EndpointPrivateAccess           pulumi.BoolInput        `pulumi:"endpointPrivateAccess"`
	EndpointPublicAccess            pulumi.BoolInput        `pulumi:"endpointPublicAccess"`
	KubernetesServiceIPAddressRange pulumi.StringInput      `pulumi:"kubernetesServiceIpAddressRange"`
	Name                            pulumi.StringInput      `pulumi:"name"`
	PrivateSubnetIDs                pulumi.StringArrayInput `pulumi:"privateSubnetIds"`
	PublicAccessCidrs               pulumi.StringArrayInput `pulumi:"publicAccessCidrs"`
	PublicSubnetIDs                 pulumi.StringArrayInput `pulumi:"publicSubnetIds"`
	SkipDefaultNodeGroup            *bool                   `pulumi:"skipDefaultNodeGroup"`
	SkipDefaultSecurityGroups       *bool                   `pulumi:"skipDefaultSecurityGroups"`
	SubnetIDs                       pulumi.StringArrayInput `pulumi:"subnetIds"`
	Tags                            pulumi.StringMapInput   `pulumi:"tags"`
	Version                         pulumi.StringInput      `pulumi:"version"`
	VpcID                           pulumi.StringInput      `pulumi:"vpcId"`
}

type accessEntry struct {
	AccessPolicies   map[string]accessPolicy `pulumi:"accessPolicies"`
	PrincipalArn     pulumi.StringInput      `pulumi:"principalArn"`
	KubernetesGroups pulumi.StringArrayInput `pulumi:"kubernetesGroups"`
	Type             pulumi.StringInput      `pulumi:"type"`
	Username         pulumi.StringInput      `pulumi:"username"`
	Tags             pulumi.StringMapInput   `pulumi:"tags"`
}

type accessPolicy struct {
	PolicyArn   pulumi.StringInput `pulumi:"policyArn"`
	AccessScope pulumi.MapInput    `pulumi:"accessScope"`
}

// known are the arguments of clusterArgs; ignored are those whose effect the
// local stack cannot show.
func known() []string {
	return strings.Fields(`accessEntries authenticationMode clusterTags createInstanceRole createOidcProvider
		enabledClusterLogTypes endpointPrivateAccess endpointPublicAccess kubernetesServiceIpAddressRange name
		privateSubnetIds publicAccessCidrs publicSubnetIds skipDefaultNodeGroup skipDefaultSecurityGroups subnetIds
		tags version vpcId`)
}

func ignored() []string {
	return strings.Fields(`corednsAddonOptions defaultAddonsToRemove kubeProxyAddonOptions nodeAssociatePublicIpAddress
		providerCredentialOpts useDefaultVpcCni vpcCniOptions`)
}

func readArgs(in provider.ConstructInputs) (*clusterArgs, error) {
	given, err := in.Map()
	if err != nil {
		return nil, fmt.Errorf("reading the arguments: %w", err)
	}
	takes := append(known(), ignored()...)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(takes, name) {
			return nil, fmt.Errorf("the local stack's eks.Cluster does not know the argument %s: "+
				"add it in tests/local/plugins/eks/args.go (it takes %s)", name, strings.Join(takes, ", "))
		}
	}
	args := &clusterArgs{}
	if err := in.CopyTo(args); err != nil {
		return nil, fmt.Errorf("reading the arguments: %w", err)
	}
	if args.SkipDefaultNodeGroup == nil || !*args.SkipDefaultNodeGroup {
		return nil, fmt.Errorf("the local stack's eks.Cluster makes no default node group: set skipDefaultNodeGroup to true")
	}
	if len(args.AccessEntries) > 0 && !args.usesAPI() {
		return nil, fmt.Errorf("accessEntries need the authenticationMode API or API_AND_CONFIG_MAP")
	}
	return args, nil
}

func (a *clusterArgs) usesAPI() bool {
	return a.AuthenticationMode != nil && strings.HasPrefix(*a.AuthenticationMode, "API")
}

func isTrue(b *bool) bool { return b != nil && *b }
