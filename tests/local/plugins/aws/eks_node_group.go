package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

const typeNodeGroup = "aws:eks/nodeGroup:NodeGroup"

func nodeGroupSpecs() map[string]spec {
	return map[string]spec{typeNodeGroup: {
		inputs: words(`amiType capacityType clusterName diskSize forceUpdateVersion instanceTypes labels launchTemplate
			nodeGroupName nodeGroupNamePrefix nodeRepairConfig nodeRoleArn releaseVersion remoteAccess scalingConfig
			subnetIds tags taints updateConfig version`),
		required: words("clusterName nodeRoleArn scalingConfig subnetIds"),
		replaces: words(`amiType capacityType clusterName diskSize instanceTypes launchTemplate.id launchTemplate.name
			nodeGroupName nodeGroupNamePrefix nodeRoleArn remoteAccess subnetIds`),
		sets:     words("subnetIds taints"),
		computed: words("amiType arn capacityType diskSize instanceTypes releaseVersion resources status version launchTemplate.id launchTemplate.name"),
		conflict: "ResourceInUseException",
		naming:   naming{property: "nodeGroupName", prefix: "nodeGroupNamePrefix", max: 63},
		check:    checkNodeGroup,
		verify:   verifyNodeGroup,
		create:   createNodeGroup,
	}}
}

// checkNodeGroup is what the real provider's schema refuses.
func checkNodeGroup(in props) []fault {
	var out []fault
	for _, name := range words("scalingConfig.minSize scalingConfig.desiredSize scalingConfig.maxSize") {
		if in.has("scalingConfig") && !in.has(name) {
			out = append(out, fault{name, "is required and missing"})
		}
	}
	for _, t := range in.objs("taints") {
		effects := words("NO_SCHEDULE NO_EXECUTE PREFER_NO_SCHEDULE")
		if e := t.str("effect"); e != "" && !slices.Contains(effects, e) {
			out = append(out, fault{"taints", fmt.Sprintf("has the effect %q; EKS knows %s", e, strings.Join(effects, ", "))})
		}
	}
	if c := in.str("capacityType"); c != "" && !slices.Contains(words("ON_DEMAND SPOT CAPACITY_BLOCK"), c) {
		out = append(out, fault{"capacityType", fmt.Sprintf("is %q; EKS knows ON_DEMAND, SPOT and CAPACITY_BLOCK", c)})
	}
	if in.has("launchTemplate") && in.has("remoteAccess") {
		out = append(out, fault{"remoteAccess", "conflicts with launchTemplate"})
	}
	if in.has("launchTemplate.id") && in.has("launchTemplate.name") {
		out = append(out, fault{"launchTemplate", "has both an id and a name"})
	}
	return out
}

func createNodeGroup(a *account, in props) (string, props, error) {
	cluster, name := in.str("clusterName"), in.str("nodeGroupName")
	suffix := a.random(8) + "-" + a.random(4) + "-" + a.random(4) + "-" + a.random(4) + "-" + a.random(12)
	out := props{
		"arn":          a.arn("eks", "nodegroup/"+cluster+"/"+name+"/"+suffix),
		"status":       "ACTIVE",
		"capacityType": "ON_DEMAND",
		"version":      kubernetesVersion,
		"resources": []any{map[string]any{
			"autoscalingGroups":           []any{map[string]any{"name": "eks-" + name + "-" + suffix}},
			"remoteAccessSecurityGroupId": "",
		}},
	}
	template, version, err := a.template(in)
	if err != nil {
		return "", nil, err
	}
	if template != nil {
		out["launchTemplate"] = map[string]any{"id": template.ID, "name": props(template.Outputs).str("name")}
	}
	describeImage(in, version, out)
	return cluster + ":" + name, out, nil
}

// describeImage is what EKS says of the nodes' image, type and disk: defaults
// without a launch template, and CUSTOM where the template brings an image.
func describeImage(in, template, out props) {
	out["amiType"], out["releaseVersion"], out["diskSize"] = "AL2023_x86_64_STANDARD", releaseVersion, 20
	types := in.strs("instanceTypes")
	switch {
	case template.has("instanceType"):
		types, out["instanceTypes"] = []string{template.str("instanceType")}, []any{}
	case len(types) == 0:
		types, out["instanceTypes"] = []string{"t3.medium"}, []any{"t3.medium"}
	}
	if arm(types[0]) {
		out["amiType"] = "AL2023_ARM_64_STANDARD"
	}
	if template.has("imageId") {
		out["amiType"], out["releaseVersion"] = "CUSTOM", template.str("imageId")
	}
	if template != nil {
		out["diskSize"] = 0
	}
}

// template is the launch template a node group names and the content of the version it names; nil without one.
func (a *account) template(in props) (*awsstate.Resource, props, error) {
	if !in.has("launchTemplate") {
		return nil, nil, nil
	}
	id, name := in.str("launchTemplate.id"), in.str("launchTemplate.name")
	for _, r := range a.OfType(typeLaunchTemplate) {
		if r.ID != id && (name == "" || props(r.Outputs).str("name") != name) {
			continue
		}
		content, err := versionOf(r, fmt.Sprint(in.get("launchTemplate.version")))
		return &r, content, err
	}
	return nil, nil, fmt.Errorf("InvalidRequestException: the launch template %q does not exist (InvalidLaunchTemplateId.NotFound)", id+name)
}

// versionOf is the content of a launch template's version, given as a number, $Latest or $Default.
func versionOf(r awsstate.Resource, version string) (props, error) {
	n, _ := props{"v": version}.num("v")
	switch version {
	case "$Latest":
		n, _ = props(r.Outputs).num("latestVersion")
	case "$Default":
		n, _ = props(r.Outputs).num("defaultVersion")
	}
	if n < 1 || int(n) > len(r.Versions) {
		return nil, fmt.Errorf("InvalidRequestException: the launch template %q has no version %q (it has 1 to %d)", r.ID, version, len(r.Versions))
	}
	return r.Versions[int(n)-1], nil
}
