package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestScheduling: the real scheduler puts as many pods onto the nodes as the
// capacity promised, and leaves one more Pending with the reason.
func TestScheduling(t *testing.T) {
	p := example(t, "existing-cluster-go", map[string]string{"clusterName": "demo", "replicas": "4"})
	up(t, p)
	expectRestricted(t)
	if diff := cmp.Diff([]int{2, 2}, slices.Sorted(maps.Values(podsPerNode(t.Context(), t)))); diff != "" {
		t.Errorf("pods per node (-want +got):\n%s", diff)
	}

	// The component would refuse a fifth, so it is asked for behind its back.
	scale := &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: chamber, Namespace: namespace},
		Spec:       autoscalingv1.ScaleSpec{Replicas: 5},
	}
	if _, err := client(t).AppsV1().Deployments(namespace).UpdateScale(t.Context(), chamber, scale, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) (string, error) {
		reasons := unschedulable(ctx, t)
		if len(reasons) != 1 || !strings.Contains(reasons[0], "Insufficient aws.ec2.nitro/nitro_enclaves") {
			return fmt.Sprintf("reasons of pending pods: %q", reasons), nil
		}
		return "", nil
	})
	if got := podsPerNode(t.Context(), t)[""]; got != 1 {
		t.Errorf("%d pods are on no node, want 1", got)
	}
}

// expectRestricted: the namespace enforces Pod Security "restricted", and there are
// pods in it, which have been admitted then.
func expectRestricted(t *testing.T) {
	t.Helper()
	ns, err := client(t).CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		if level := ns.Labels["pod-security.kubernetes.io/"+mode]; level != "restricted" {
			t.Errorf("Pod Security %s is %q", mode, level)
		}
	}
	if len(pods(t.Context(), t)) == 0 {
		t.Error("there are no pods in the namespace")
	}
}

// unschedulable are the scheduler's reasons for pods that are on no node.
func unschedulable(ctx context.Context, t *testing.T) []string {
	t.Helper()
	var reasons []string
	for _, pod := range pods(ctx, t) {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
				reasons = append(reasons, condition.Message)
			}
		}
	}
	return reasons
}

// TestNodesHaveWhatCapacityPromised compares the capacity output with what the
// simulated nodes have, which follows from the user data by AWS's rules.
func TestNodesHaveWhatCapacityPromised(t *testing.T) {
	for _, tc := range []struct{ instanceType, enclavesPerNode string }{
		{"m5.xlarge", "1"}, {"m5.2xlarge", "3"}, {"c6g.2xlarge", "3"}, {"r6i.4xlarge", "4"},
	} {
		t.Run(tc.instanceType, func(t *testing.T) {
			p := example(t, "existing-cluster-go", map[string]string{
				"clusterName": "demo", "instanceType": tc.instanceType, "enclavesPerNode": tc.enclavesPerNode, "nodes": "1", "replicas": "1",
			})
			up(t, p)
			outputs, err := p.Outputs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			promised := map[string]string{}
			for name, amount := range outputs["capacity"].(map[string]any)["nodeResources"].(map[string]any) {
				promised[name] = amount.(string)
			}
			if diff := cmp.Diff(promised, allocatable(t, promised)); diff != "" {
				t.Errorf("the node has not what was promised (-promised +has):\n%s", diff)
			}
		})
	}
}

// allocatable is what the only node has of the named resources.
func allocatable(t *testing.T, names map[string]string) map[string]string {
	t.Helper()
	nodes, err := client(t).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes.Items) != 1 {
		t.Fatalf("there are %d nodes, want 1", len(nodes.Items))
	}
	has := map[string]string{}
	for name := range names {
		if amount, ok := nodes.Items[0].Status.Allocatable[corev1.ResourceName(name)]; ok {
			has[name] = amount.String()
		}
	}
	return has
}
