package nodes

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/nodes/instance"
)

const (
	nodeGroupType      = "aws:eks/nodeGroup:NodeGroup"
	launchTemplateType = "aws:ec2/launchTemplate:LaunchTemplate"
)

// group is a managed node group as EC2 sees it.
type group struct {
	name         string
	size         int
	labels       map[string]string
	taints       []corev1.Taint
	template     string // "<id>:<version>"
	instanceType string
	machine      instance.Machine
}

// nodeGroup and launchTemplate are the inputs that matter here.
type nodeGroup struct {
	NodeGroupName string            `json:"nodeGroupName"`
	Labels        map[string]string `json:"labels"`
	Taints        []taint           `json:"taints"`
	InstanceTypes []string          `json:"instanceTypes"`
	ScalingConfig struct {
		DesiredSize int `json:"desiredSize"`
	} `json:"scalingConfig"`
	LaunchTemplate *struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"launchTemplate"`
}

type taint struct{ Key, Value, Effect string }

type launchTemplate struct {
	InstanceType   string `json:"instanceType"`
	UserData       string `json:"userData"`
	EnclaveOptions struct {
		Enabled bool `json:"enabled"`
	} `json:"enclaveOptions"`
}

// groups reads all node groups of the account, in the order of their names.
func groups(state *awsstate.State) ([]group, error) {
	var all []group
	for _, resource := range state.OfType(nodeGroupType) {
		g, err := readGroup(state, resource)
		if err != nil {
			return nil, fmt.Errorf("node group %s: %w", resource.ID, err)
		}
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b group) int { return cmp.Compare(a.name, b.name) })
	return all, nil
}

func readGroup(state *awsstate.State, resource awsstate.Resource) (g group, err error) {
	var input nodeGroup
	if err := decode(resource, &input); err != nil {
		return g, err
	}
	g = group{name: cmp.Or(input.NodeGroupName, resource.ID), size: input.ScalingConfig.DesiredSize, labels: input.Labels}
	for _, t := range input.Taints {
		effect, err := taintEffect(t.Effect)
		if err != nil {
			return g, err
		}
		g.taints = append(g.taints, corev1.Taint{Key: t.Key, Value: t.Value, Effect: effect})
	}
	template := launchTemplate{}
	if input.LaunchTemplate != nil {
		if g.template, template, err = readTemplate(state, input.LaunchTemplate.ID, input.LaunchTemplate.Version); err != nil {
			return g, err
		}
	}
	g.instanceType = cmp.Or(template.InstanceType, firstOr(input.InstanceTypes, "t3.medium"))
	g.machine, err = boot(g.instanceType, template)
	return g, err
}

// readTemplate finds a version of a launch template. Version names that EC2
// resolves itself ($Latest, $Default) become the newest.
func readTemplate(state *awsstate.State, id, version string) (name string, t launchTemplate, err error) {
	resource, ok := state.Get(launchTemplateType, id)
	if !ok {
		return "", t, fmt.Errorf("launch template %q does not exist", id)
	}
	n, err := strconv.Atoi(version)
	if err != nil {
		n = len(resource.Versions)
	}
	if n >= 1 && n <= len(resource.Versions) {
		resource.Outputs, resource.Inputs = nil, resource.Versions[n-1]
	} else if len(resource.Versions) > 0 {
		return "", t, fmt.Errorf("launch template %q has no version %q", id, version)
	}
	return fmt.Sprintf("%s:%d", id, n), t, decode(resource, &t)
}

func boot(instanceType string, template launchTemplate) (instance.Machine, error) {
	shape, err := lookupShape(instanceType)
	if err != nil {
		return instance.Machine{}, err
	}
	reservation, err := instance.ParseUserData(template.UserData)
	if err != nil {
		return instance.Machine{}, err
	}
	return instance.Boot(shape, reservation, template.EnclaveOptions.Enabled), nil
}

// decode reads a resource: its outputs, which have the defaults too, over its
// inputs.
func decode(resource awsstate.Resource, into any) error {
	for _, properties := range []map[string]any{resource.Inputs, resource.Outputs} {
		data, err := json.Marshal(properties)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, into); err != nil {
			return fmt.Errorf("reading %s: %w", resource.Type, err)
		}
	}
	return nil
}

// taintEffect turns EKS's spelling into Kubernetes's.
func taintEffect(effect string) (corev1.TaintEffect, error) {
	switch effect {
	case "NO_SCHEDULE":
		return corev1.TaintEffectNoSchedule, nil
	case "NO_EXECUTE":
		return corev1.TaintEffectNoExecute, nil
	case "PREFER_NO_SCHEDULE":
		return corev1.TaintEffectPreferNoSchedule, nil
	default:
		return "", fmt.Errorf("taint effect %q: EKS knows NO_SCHEDULE, NO_EXECUTE and PREFER_NO_SCHEDULE", effect)
	}
}

func firstOr(list []string, otherwise string) string {
	if len(list) == 0 {
		return otherwise
	}
	return list[0]
}
