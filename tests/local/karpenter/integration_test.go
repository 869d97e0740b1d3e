package karpenter

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
)

// TestNodesComeFromOverlays follows a NodePool from no node to one and back.
func TestNodesComeFromOverlays(t *testing.T) {
	w := startWorld(t)
	w.testDefinitions()
	w.kubectl(pool+"---"+overlay, "apply", "-f", "-")

	stop := w.start(false)
	w.expectNoNode("gate-off")
	stop()

	w.kubectl(overlay, "delete", "-f", "-")
	stop = w.start(true)
	w.expectNoNode("overlay-missing")
	w.kubectl(overlay, "apply", "-f", "-")
	w.expectNode("overlay")

	w.kubectl(pool+"---"+overlay, "delete", "--timeout=60s", "-f", "-")
	w.eventually("the last NodeClaim is gone", w.nodeClaims)
	stop()
	w.testRemoval()
}

// nodeClaims objects to those that are left: their finalizer is Karpenter's to remove,
// also after the node is gone.
func (w *world) nodeClaims(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, w.cp.Kubectl(), "get", "nodeclaims", "-o", "name").CombinedOutput()
	if left := strings.TrimSpace(string(out)); err != nil || left != "" {
		return "left: " + left, err
	}
	return "", nil
}

// expectNoNode waits until Karpenter has looked at the pod, and refused.
func (w *world) expectNoNode(name string) {
	w.Helper()
	w.kubectl(asker(name), "apply", "-f", "-")
	w.eventually(name+": Karpenter refuses", func(ctx context.Context) (string, error) {
		messages, err := w.refusals(ctx, name)
		if !slices.ContainsFunc(messages, func(m string) bool { return strings.Contains(m, contract.ResourceEnclaves) }) {
			return fmt.Sprintf("events: %q", messages), err
		}
		return "", err
	})
	found, err := w.nodes(w.Context())
	if err != nil || len(found) > 0 {
		w.Errorf("%s: there are %d nodes (%v)", name, len(found), err)
	}
	w.kubectl(asker(name), "delete", "--timeout=60s", "-f", "-")
	w.eventually(name+": the pod is gone", func(ctx context.Context) (string, error) {
		left, err := w.pods(ctx, name)
		if len(left) > 0 {
			return fmt.Sprintf("%d are left", len(left)), err
		}
		return "", err
	})
}

// expectNode wants a node for the pod, and none when the pod has gone.
func (w *world) expectNode(name string) {
	w.Helper()
	w.kubectl(asker(name), "apply", "-f", "-")
	w.eventually(name+": the pod runs", func(ctx context.Context) (string, error) {
		pods, err := w.pods(ctx, name)
		if err != nil || len(pods) != 1 || pods[0].Status.Phase != corev1.PodRunning {
			return fmt.Sprintf("%d pods, not one that runs", len(pods)), err
		}
		return "", nil
	})
	found, err := w.nodes(w.Context())
	if err != nil || len(found) != 1 {
		w.Fatalf("there are %d nodes (%v)", len(found), err)
	}
	w.checkNode(&found[0])
	w.kubectl(asker(name), "delete", "-f", "-")
	w.eventually(name+": the node is gone", func(ctx context.Context) (string, error) {
		left, err := w.nodes(ctx)
		if len(left) > 0 {
			return fmt.Sprintf("%d are left", len(left)), err
		}
		return "", err
	})
}

func (w *world) checkNode(node *corev1.Node) {
	w.Helper()
	if node.Annotations[controlplane.NodeAnnotation] != controlplane.NodeAnnotationValue {
		w.Errorf("kwok would not play the node: its annotations are %v", node.Annotations)
	}
	if got := node.Labels[corev1.LabelInstanceTypeStable]; got != "m5.2xlarge" {
		w.Errorf("the node is a %s, and m5.2xlarge is the cheapest that fits", got)
	}
	for name, want := range map[corev1.ResourceName]string{
		contract.ResourceEnclaves: "1", contract.ResourceEnclaveCPUs: "2", "hugepages-2Mi": "1Gi",
	} {
		if got := node.Status.Allocatable[name]; got.String() != want {
			w.Errorf("the node has %s of %s, want what the pod asks for, %s", got.String(), name, want)
		}
	}
	if !slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	}) {
		w.Errorf("the node is not ready: %+v", node.Status.Conditions)
	}
}

func (w *world) pods(ctx context.Context, app string) ([]corev1.Pod, error) {
	list, err := w.client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

func (w *world) nodes(ctx context.Context) ([]corev1.Node, error) {
	list, err := w.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// refusals are what Karpenter says of pods that it has no node for.
func (w *world) refusals(ctx context.Context, app string) (messages []string, err error) {
	list, err := w.client.CoreV1().Events("default").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, event := range list.Items {
		from := event.Source.Component + event.ReportingController
		if strings.Contains(from, "karpenter") && event.Reason == "FailedScheduling" && strings.HasPrefix(event.InvolvedObject.Name, app+"-") {
			messages = append(messages, event.Message)
		}
	}
	return messages, nil
}
