package components

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/nodetags"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

const (
	typeGroupTag  = "aws:autoscaling/tag:Tag"
	typeNodeGroup = "aws:eks/nodeGroup:NodeGroup"
)

// autoscalerArgs are those of a group that scales from nothing.
func autoscalerArgs() *EnclaveNodeGroupArgs {
	args := nodeGroupArgs()
	args.ClusterAutoscaler = true
	args.MinSize, args.MaxSize = pulumi.Int(0), pulumi.Int(4)
	return args
}

func newGroup(args *EnclaveNodeGroupArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
		return err
	}
}

// TestAutoscalerChildren asserts names, parents and inputs of what the autoscaler
// adds; the other children are the same with and without it.
func TestAutoscalerChildren(t *testing.T) {
	args := autoscalerArgs()
	args.EnclavesPerNode, args.EnclaveMemoryMiB = pulumi.Int(3), pulumi.Int(1280)
	args.Labels = pulumi.ToStringMap(map[string]string{"example.com/team": "staking"})
	args.Tags = pulumi.ToStringMap(map[string]string{"cost": "validators"})
	resources, err := run(t, newGroup(args))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "nodes-autoscaler.json", slices.DeleteFunc(resources, func(r registered) bool {
		return r.Type != typeGroupTag && r.Type != typeNodeGroup
	}))
}

// TestAutoscalerTemplate: Cluster Autoscaler makes of either set of tags the node
// that the capacity output promises.
func TestAutoscalerTemplate(t *testing.T) {
	var promised Capacity
	resources, err := run(t, func(ctx *pulumi.Context) error {
		group, err := NewEnclaveNodeGroup(ctx, "enclaves", autoscalerArgs())
		if err != nil {
			return err
		}
		promised, _, err = known[Capacity](ctx, group.Capacity)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := nodetags.Node{
		Resources: promised.NodeResources,
		Labels:    promised.NodeLabels,
		Taints:    []nodetags.NodeTaint{{Key: *promised.TaintKey, Value: *promised.TaintValue, Effect: *promised.TaintEffect}},
	}
	if diff := cmp.Diff(want, nodetags.Template(groupTagsOf(resources))); diff != "" {
		t.Errorf("the template of the Auto Scaling group (-want +got):\n%s", diff)
	}
	for _, r := range resources {
		if r.Type != typeNodeGroup {
			continue
		}
		if diff := cmp.Diff(want.Resources, nodetags.Template(texted(r.Inputs["tags"])).Resources); diff != "" {
			t.Errorf("the resources on the node group (-want +got):\n%s", diff)
		}
	}
}

// groupTagsOf are the tags that have been registered for the Auto Scaling group.
func groupTagsOf(resources []registered) map[string]string {
	tags := map[string]string{}
	for _, r := range resources {
		if r.Type == typeGroupTag && r.Inputs["autoscalingGroupName"] == "eks-enclaves" {
			tag := texted(r.Inputs["tag"])
			tags[tag["key"]] = tag["value"]
		}
	}
	return tags
}

func texted(v any) map[string]string {
	texts := map[string]string{}
	fields, _ := v.(map[string]any)
	for key, value := range fields {
		texts[key], _ = value.(string)
	}
	return texts
}

// TestAutoscalerPreviews: a preview that knows neither sizes nor labels nor the
// cluster shows the tags that there will be in any case, with their keys.
func TestAutoscalerPreviews(t *testing.T) {
	unknown := pulumi.UnsafeUnknownOutput(nil)
	args := autoscalerArgs()
	args.EnclaveCPUs = unknown.ApplyT(func(any) int { return 0 }).(pulumi.IntOutput)
	args.Labels = unknown.ApplyT(func(any) map[string]string { return nil }).(pulumi.StringMapOutput)
	args.Cluster = ClusterFromName(unknown.ApplyT(func(any) string { return "" }).(pulumi.StringOutput))
	resources, err := run(t, newGroup(args), preview)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range resources {
		if r.Type == typeGroupTag {
			names = append(names, strings.TrimPrefix(r.Name, "enclaves-autoscaler-"))
		}
	}
	want := []string{
		"cluster", "enabled", "label-" + contract.NodeLabel, "label-" + contract.NodeGroupLabel, "taint",
		"resource-" + contract.ResourceEnclaves, "resource-" + contract.ResourceEnclaveCPUs, "resource-cpu", "resource-memory",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	keys := groupTagsOf(resources)
	for _, name := range []string{contract.ResourceEnclaves, "memory"} {
		if _, known := keys[nodetags.ResourceKey(name)]; !known {
			t.Errorf("the preview has no key for %s: %v", name, keys)
		}
	}
}

// TestAutoscalerOwnsTheSize: what the autoscaler sets is not undone, and only the
// nodes that it never takes away are counted on.
func TestAutoscalerOwnsTheSize(t *testing.T) {
	var got Capacity
	resources, err := run(t, func(ctx *pulumi.Context) error {
		args := autoscalerArgs()
		args.DesiredSize = pulumi.Int(3)
		group, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
		if err != nil {
			return err
		}
		got, _, err = known[Capacity](ctx, group.Capacity)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Nodes != 0 || *got.MaxNodes != 4 {
		t.Errorf("capacity counts on %d to %d nodes", got.Nodes, *got.MaxNodes)
	}
	for _, r := range resources {
		if r.Type == typeNodeGroup && !slices.Contains(r.Ignore, "scalingConfig.desiredSize") {
			t.Errorf("the node group ignores only %v", r.Ignore)
		}
	}
}

func TestAutoscalerFaults(t *testing.T) {
	many := map[string]string{}
	for i := range 60 {
		many[fmt.Sprintf("label-%d", i)] = "x"
	}
	long := "example.com/" + strings.Repeat("a", 71)
	const cpu = "k8s.io/cluster-autoscaler/node-template/resources/cpu"
	for _, tc := range []struct {
		name   string
		change func(*EnclaveNodeGroupArgs)
		want   []string
	}{
		{"a long label", func(a *EnclaveNodeGroupArgs) { a.Labels = pulumi.ToStringMap(map[string]string{long: "x"}) },
			[]string{"labels." + long + ": the tag key", "has 129 characters, and AWS takes 128"}},
		{"a strange value", func(a *EnclaveNodeGroupArgs) { a.Labels = pulumi.ToStringMap(map[string]string{"team": "a,b"}) },
			[]string{"labels.team: the tag", "AWS takes letters, digits"}},
		{"our tag", func(a *EnclaveNodeGroupArgs) { a.Tags = pulumi.ToStringMap(map[string]string{cpu: "8"}) },
			[]string{"tags." + cpu + ` ("8"): is set by the component`}},
		{"too many", func(a *EnclaveNodeGroupArgs) { a.Labels, a.Tags = pulumi.ToStringMap(many), pulumi.ToStringMap(many) },
			[]string{"labels: are 60, which with 10 tags", "use at most 40", "tags: are 60, which with 5 tags", "use at most 45"}},
		{"a pattern for a cluster", func(a *EnclaveNodeGroupArgs) { a.Cluster = ClusterFromName(pulumi.String("prod*")) },
			[]string{`cluster.name ("prod*"): is not the name of an EKS cluster`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := autoscalerArgs()
			tc.change(args)
			resources, err := run(t, newGroup(args))
			expectFaults(t, err, resources, tc.want)
		})
	}
}

// TestAutoscalerPolicy: the output is the policy of this cluster, in its
// partition, with the tag that the Auto Scaling group has.
func TestAutoscalerPolicy(t *testing.T) {
	var document string
	resources, err := run(t, func(ctx *pulumi.Context) error {
		group, err := NewEnclaveNodeGroup(ctx, "enclaves", autoscalerArgs())
		if err != nil {
			return err
		}
		document, _, err = known[string](ctx, group.ClusterAutoscalerPolicy)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const key = "k8s.io/cluster-autoscaler/prod"
	if groupTagsOf(resources)[key] != "owned" {
		t.Error("the Auto Scaling group lacks the cluster's tag")
	}
	for _, want := range []string{`"arn:aws:eks:*:*:nodegroup/prod/*/*"`, `{"StringEquals":{"aws:ResourceTag/` + key + `":"owned"}}`} {
		if !strings.Contains(document, want) {
			t.Errorf("no %s in %s", want, document)
		}
	}
}

// TestChamberOnAnEmptyGroup: a group without a node takes a chamber, since the
// autoscaler brings nodes for it; but not one that its maxSize cannot hold.
func TestChamberOnAnEmptyGroup(t *testing.T) {
	for replicas, want := range map[int]string{4: "", 5: "replicas (5): exceeds the 4 enclaves"} {
		_, err := run(t, func(ctx *pulumi.Context) error {
			nodes, err := NewEnclaveNodeGroup(ctx, "enclaves", autoscalerArgs())
			if err != nil {
				return err
			}
			args := chamberArgs()
			args.Capacity, args.Replicas = nodes.Capacity, pulumi.Int(replicas)
			_, err = NewContainmentChamber(ctx, "chamber", args)
			return err
		})
		if got := fmt.Sprint(err); (want == "") != (err == nil) || !strings.Contains(got, want) {
			t.Errorf("%d replicas: got %v, want %q", replicas, got, want)
		}
	}
}
