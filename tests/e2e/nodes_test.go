package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// TestNodesCommand: `chamber nodes` has nothing to say of the example's nodes; it
// names each thing that is then broken on them, with the cure.
func TestNodesCommand(t *testing.T) {
	command := buildChamber(t)
	expectNoEnclaveNode(t, command)
	p := example(t, "existing-cluster-go", map[string]string{"clusterName": "demo"})
	up(t, p)
	if out, err := command(t.Context()); err != nil || strings.Count(out, " OK\n") != 2 {
		t.Fatalf("of good nodes: %v\n%s", err, out)
	}
	names := freeNodes(t)
	first, second := names[0], names[1]

	changeNode(t, first, func(n *corev1.Node) {
		n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == contract.TaintKey })
	})
	changeNodeStatus(t, first, func(n *corev1.Node) {
		n.Status.Allocatable["hugepages-1Gi"] = resource.MustParse("1Gi")
	})
	changeNode(t, second, func(n *corev1.Node) {
		n.Labels[contract.NodeLabel] = contract.NodeLabelNotReady
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: contract.NotReadyTaintKey, Value: "pages", Effect: corev1.TaintEffectNoSchedule})
	})
	expectWrong(t, command, 2,
		first, "taint: the taint containment-chamber.io/enclave=true:NoSchedule is missing", "`kubectl taint node "+first+" containment-chamber.io/enclave=true:NoSchedule`",
		"pages: the node has 2x1Gi, of which pods can have 1",
		second, `not-ready: the node failed its own check before it joined, and takes no enclave pods: the taint containment-chamber.io/not-ready says "pages"`, "replace the node",
	)

	changeNode(t, first, func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: contract.TaintKey, Value: contract.TaintValue, Effect: contract.TaintEffect})
	})
	changeNodeStatus(t, first, func(n *corev1.Node) {
		n.Status.Allocatable["hugepages-1Gi"] = n.Status.Capacity["hugepages-1Gi"]
		n.Status.Allocatable[contract.ResourceEnclaveCPUs] = resource.MustParse("0")
		n.Status.Capacity[contract.ResourceEnclaveCPUs] = resource.MustParse("0")
	})
	expectWrong(t, command, 2,
		"cpus: the device plugin offers 0 enclave CPUs, and 4 of the m5.2xlarge's vCPUs are offline", "`kubectl -n kube-system delete pod nitro-device-plugin-")

	removePlugin(t)
	expectWrong(t, command, 2, "plugin: no device plugin runs here, and none runs on another enclave node", "a DevicePlugin of its own")
}

// TestNodesCommandAndPods: a chamber that asks for the wrong page size waits, and
// the node that it selects is said not to have it.
func TestNodesCommandAndPods(t *testing.T) {
	command := buildChamber(t)
	p := example(t, "existing-cluster-go", map[string]string{"clusterName": "demo", "nodes": "1", "replicas": "1"})
	up(t, p)
	patch := []byte(`[{"op": "remove", "path": "/spec/template/spec/containers/0/resources/requests/hugepages-1Gi"},
{"op": "remove", "path": "/spec/template/spec/containers/0/resources/limits/hugepages-1Gi"},
{"op": "add", "path": "/spec/template/spec/containers/0/resources/requests/hugepages-2Mi", "value": "1Gi"},
{"op": "add", "path": "/spec/template/spec/containers/0/resources/limits/hugepages-2Mi", "value": "1Gi"}]`)
	if _, err := client(t).AppsV1().Deployments(namespace).Patch(t.Context(), chamber, types.JSONPatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	expectWrong(t, command, 1,
		"pods: the pod containment-chamber/chamber-", "asks for hugepages-2Mi, and the node's pages are 2x1Gi: it can never run here",
		"let the pods ask for the pages of these nodes", "Pods that wait for a node:\n  containment-chamber/chamber-", "Insufficient hugepages-2Mi")
}

// expectWrong waits until the command ends with status 1, finds so many nodes
// wrong and prints all the texts.
func expectWrong(t *testing.T, command chamberNodes, wrong int, texts ...string) {
	t.Helper()
	eventually(t, func(ctx context.Context) (string, error) {
		out, err := command(ctx)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			return fmt.Sprintf("it ended with %v and printed\n%s", err, out), nil
		}
		for _, text := range append(texts, fmt.Sprintf("something is wrong with %d of ", wrong)) {
			if !strings.Contains(out, text) {
				return fmt.Sprintf("no %q in\n%s", text, out), nil
			}
		}
		return "", nil
	})
}

// freeNodes takes the nodes out of the simulator's hands, which would mend them:
// it knows its own by a label. They come back when the test ends.
func freeNodes(t *testing.T) []string {
	t.Helper()
	const owner = "local-stack.containment-chamber.io/node-group"
	list, err := client(t).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, node := range list.Items {
		group := node.Labels[owner]
		names = append(names, node.Name)
		changeNode(t, node.Name, func(n *corev1.Node) { delete(n.Labels, owner) })
		t.Cleanup(func() { changeNode(t, node.Name, func(n *corev1.Node) { n.Labels[owner] = group }) })
	}
	slices.Sort(names)
	return names
}

func changeNode(t *testing.T, name string, change func(*corev1.Node)) {
	t.Helper()
	updateNode(t, name, change, client(t).CoreV1().Nodes().Update)
}

func changeNodeStatus(t *testing.T, name string, change func(*corev1.Node)) {
	t.Helper()
	updateNode(t, name, change, client(t).CoreV1().Nodes().UpdateStatus)
}

// updateNode tries again when somebody else changed the node meanwhile. It works
// in cleanups too, when the test's own context has ended.
func updateNode(t *testing.T, name string, change func(*corev1.Node), update func(context.Context, *corev1.Node, metav1.UpdateOptions) (*corev1.Node, error)) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		node, err := client(t).CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		change(node)
		_, err = update(ctx, node, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		t.Fatalf("changing node %s: %v", name, err)
	}
}

// removePlugin makes the device plugin's DaemonSet want no node.
func removePlugin(t *testing.T) {
	t.Helper()
	patch := []byte(`{"spec": {"template": {"spec": {"nodeSelector": {"nowhere": "true"}}}}}`)
	_, err := client(t).AppsV1().DaemonSets("kube-system").Patch(t.Context(), "nitro-device-plugin", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
