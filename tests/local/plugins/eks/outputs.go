package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// outputs are the component's, under the real one's names. What a cluster does
// not have is an empty string there, and so here.
func (p *parts) outputs(dir string) pulumi.Map {
	kubeconfig := text(pulumi.ToSecret(p.cluster.Endpoint.ApplyT(func(string) (string, error) {
		return kubeconfigJSON(dir)
	})))
	none := pulumi.String("")
	out := pulumi.Map{
		"autoModeNodeRoleName":    none,
		"clusterIngressRuleId":    none,
		"defaultNodeGroupAsgName": none,
		"eksCluster":              pulumi.NewResourceInput(p.cluster),
		"fargateProfileId":        none,
		"fargateProfileStatus":    none,
		"instanceRoles":           references(p.instanceRoles),
		"kubeconfig":              kubeconfig.ApplyT(decode),
		"kubeconfigJson":          kubeconfig,
		"oidcIssuer":              p.issuer.ApplyT(func(url string) string { return strings.TrimPrefix(url, "https://") }),
		"oidcProviderArn":         none,
		"oidcProviderUrl":         p.issuer,
	}
	maps.Copy(out, p.securityOutputs())
	if p.oidc != nil {
		out["oidcProviderArn"] = p.oidc.Arn
	}
	out["core"] = p.core(out)
	return out
}

func (p *parts) securityOutputs() pulumi.Map {
	if p.clusterGroup == nil {
		made := p.cluster.VpcConfig.ApplyT(func(v any) (string, error) {
			id, ok := v.(map[string]any)["clusterSecurityGroupId"].(string)
			if !ok {
				return "", fmt.Errorf("the cluster has no security group: %v", v)
			}
			return id, nil
		})
		return pulumi.Map{"clusterSecurityGroupId": made, "nodeSecurityGroupId": made}
	}
	return pulumi.Map{
		"clusterIngressRuleId":   p.ingress.ID(),
		"clusterSecurityGroup":   pulumi.NewResourceInput(p.clusterGroup),
		"clusterSecurityGroupId": p.clusterGroup.ID(),
		"eksClusterIngressRule":  pulumi.NewResourceInput(p.ingress),
		"nodeSecurityGroup":      pulumi.NewResourceInput(p.nodeGroup),
		"nodeSecurityGroupId":    p.nodeGroup.ID(),
	}
}

// core is the real component's collection of what others build on, but for the
// kubeconfig: as a secret it would make a secret of all that a program reads of core.
func (p *parts) core(out pulumi.Map) pulumi.Map {
	core := pulumi.Map{
		"cluster":          out["eksCluster"],
		"clusterIamRole":   pulumi.NewResourceInput(p.serviceRole),
		"endpoint":         p.cluster.Endpoint,
		"instanceRoles":    out["instanceRoles"],
		"nodeGroupOptions": pulumi.Map{},
		"subnetIds":        p.net.subnets,
		"vpcId":            p.net.vpc,
	}
	optional(core, "privateSubnetIds", p.args.PrivateSubnetIDs)
	optional(core, "publicSubnetIds", p.args.PublicSubnetIDs)
	optional(core, "tags", p.args.Tags)
	if p.clusterGroup != nil {
		core["clusterSecurityGroup"] = out["clusterSecurityGroup"]
	}
	if p.oidc != nil {
		core["oidcProvider"] = pulumi.NewResourceInput(p.oidc)
	}
	return core
}

func references(roles []*role) pulumi.Array {
	out := pulumi.Array{}
	for _, r := range roles {
		out = append(out, pulumi.NewResourceInput(r))
	}
	return out
}

// kubeconfigJSON is the kubeconfig of the stack's API server as JSON.
func kubeconfigJSON(dir string) (string, error) {
	account, err := awsstate.Load(awsstate.Path(dir))
	if err != nil {
		return "", fmt.Errorf("reading the local stack's kubeconfig: %w", err)
	}
	server, ok := account.APIServer()
	if !ok {
		return "", fmt.Errorf("the account of the local stack in %s has no cluster to take a kubeconfig from", dir)
	}
	var v map[string]any
	if err := encoding.YAML.Unmarshal([]byte(server.Kubeconfig), &v); err != nil {
		return "", fmt.Errorf("reading the local stack's kubeconfig: %w", err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encoding the local stack's kubeconfig: %w", err)
	}
	return string(out), nil
}

func decode(s string) (v any, err error) {
	err = json.Unmarshal([]byte(s), &v)
	return v, err
}

// text is an output of strings, which is what ApplyT makes of a function that returns one.
func text(o pulumi.Output) pulumi.StringOutput {
	s, _ := o.(pulumi.StringOutput)
	return s
}

// optional sets a property unless its input is missing.
func optional(in pulumi.Map, name string, v pulumi.Input) {
	if v != nil {
		in[name] = v
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
