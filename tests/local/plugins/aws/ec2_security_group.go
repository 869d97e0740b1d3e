package main

import (
	"fmt"
	"maps"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

const (
	typeSecurityGroup = "aws:ec2/securityGroup:SecurityGroup"
	typeRule          = "aws:ec2/securityGroupRule:SecurityGroupRule"
	typeIngressRule   = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	typeEgressRule    = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

func securityGroupSpecs() map[string]spec {
	vpcRule := spec{
		inputs: words(`cidrIpv4 cidrIpv6 description fromPort ipProtocol prefixListId referencedSecurityGroupId
			securityGroupId tags toPort`),
		required: words("ipProtocol securityGroupId"),
		replaces: words("securityGroupId"),
		computed: words("arn securityGroupRuleId"),
		check:    checkVPCRule,
		create: func(a *account, _ props) (string, props, error) {
			id := "sgr-" + a.random(17)
			return id, props{"arn": a.arn("ec2", "security-group-rule/"+id), "securityGroupRuleId": id}, nil
		},
	}
	out := map[string]spec{typeIngressRule: vpcRule, typeEgressRule: vpcRule}
	maps.Copy(out, map[string]spec{typeSecurityGroup: securityGroup(), typeRule: securityGroupRule()})
	return out
}

func securityGroup() spec {
	return spec{
		inputs:   words("description egress ingress name namePrefix revokeRulesOnDelete tags vpcId"),
		replaces: words("description name namePrefix vpcId"),
		sets:     words("egress ingress"),
		computed: words("arn ownerId vpcId ingress egress description"),
		unique:   words("name vpcId"),
		conflict: "InvalidGroup.Duplicate",
		naming:   naming{property: "name", prefix: "namePrefix", max: 255},
		create: func(a *account, in props) (string, props, error) {
			id := "sg-" + a.random(17)
			return id, props{
				"arn": a.arn("ec2", "security-group/"+id), "ownerId": accountID, "vpcId": defaultVPC,
				"ingress": []any{}, "egress": []any{}, "description": "Managed by Pulumi",
			}, nil
		},
		remove: removeSecurityGroup,
	}
}

func securityGroupRule() spec {
	all := words(`cidrBlocks description fromPort ipv6CidrBlocks prefixListIds protocol securityGroupId self
		sourceSecurityGroupId toPort type`)
	var replaces []string
	for _, name := range all {
		if name != "description" {
			replaces = append(replaces, name)
		}
	}
	return spec{
		inputs:   all,
		required: words("fromPort protocol securityGroupId toPort type"),
		replaces: replaces,
		computed: words("securityGroupRuleId sourceSecurityGroupId"),
		conflict: "InvalidPermission.Duplicate",
		check:    checkRule,
		create: func(a *account, in props) (string, props, error) {
			id := "sgrule-" + digest(fmt.Sprint(rest(in)))[:10]
			return id, props{"securityGroupRuleId": "sgr-" + a.random(17)}, nil
		},
	}
}

// rest is a rule without its description: AWS takes two rules that differ only in it for one.
func rest(in props) props {
	out := maps.Clone(in)
	delete(out, "description")
	return out
}

func checkRule(in props) []fault {
	var out []fault
	if t := in.str("type"); t != "" && t != "ingress" && t != "egress" {
		out = append(out, fault{"type", fmt.Sprintf("is %q: it must be ingress or egress", t)})
	}
	peers := 0
	for _, name := range words("cidrBlocks ipv6CidrBlocks prefixListIds self sourceSecurityGroupId") {
		if in.has(name) {
			peers++
		}
	}
	if peers == 0 {
		out = append(out, fault{"type", "needs one of cidrBlocks, ipv6CidrBlocks, prefixListIds, self and sourceSecurityGroupId"})
	}
	return out
}

func checkVPCRule(in props) []fault {
	peers := 0
	for _, name := range words("cidrIpv4 cidrIpv6 prefixListId referencedSecurityGroupId") {
		if in.has(name) {
			peers++
		}
	}
	if peers != 1 {
		return []fault{{"ipProtocol", "needs exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedSecurityGroupId"}}
	}
	return nil
}

func removeSecurityGroup(a *account, r awsstate.Resource) error {
	for _, other := range a.Resources {
		if !strings.Contains(other.Type, "ecurityGroup") || other.Type == typeSecurityGroup {
			continue
		}
		rule := props(other.Outputs)
		if rule.str("sourceSecurityGroupId") == r.ID || rule.str("referencedSecurityGroupId") == r.ID {
			return fmt.Errorf("DependencyViolation: resource %s has a dependent object (%s)", r.ID, other.ID)
		}
	}
	return nil
}
