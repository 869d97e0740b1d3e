package nodecheck

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// TestPodsFit: what a chamber's pod on the node "a", or one that waits, asks for.
func TestPodsFit(t *testing.T) {
	both := func(changes ...func(*corev1.Pod)) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			for _, change := range changes {
				change(p)
			}
		}
	}
	small := asking("aws.ec2.nitro/nitro_enclaves", "1", "aws.ec2.nitro/nitro_enclaves_cpus", "2", "hugepages-2Mi", "512Mi")
	large := asking("aws.ec2.nitro/nitro_enclaves", "1", "aws.ec2.nitro/nitro_enclaves_cpus", "2", "hugepages-1Gi", "2Gi")
	const wrongSize = "a pods: signers/chamber-a asks for hugepages-2Mi, and the node's pages are 3x1Gi: it can never run here | capacity output"
	for name, tt := range map[string]struct {
		change func(*corev1.Pod)
		want   []string
	}{
		"too large": {large, []string{
			"a pods: signers/chamber-a asks for aws.ec2.nitro/nitro_enclaves 1, aws.ec2.nitro/nitro_enclaves_cpus 2, hugepages-1Gi 2Gi: the node can hold 1 of such pods, and has 3 slots | `chamber plan --instance-type m5.2xlarge --enclave-cpus 2 --enclave-memory 2048`",
		}},
		"too many CPUs": {asking("aws.ec2.nitro/nitro_enclaves", "1", "aws.ec2.nitro/nitro_enclaves_cpus", "4", "hugepages-1Gi", "1Gi"),
			[]string{"a pods: can hold 1 of | --enclave-cpus 4"}},
		"all slots at once":         {asking("aws.ec2.nitro/nitro_enclaves", "3", "aws.ec2.nitro/nitro_enclaves_cpus", "6", "hugepages-1Gi", "3Gi"), nil},
		"more slots than there are": {both(waiting, asking("aws.ec2.nitro/nitro_enclaves", "4")), []string{"a pods: can hold 0 of | chamber plan"}},
		"another page size":         {small, []string{wrongSize}},
		"waits for a slot":          {waiting, nil},
		"waits, too large for all":  {both(waiting, large), nil}, // fits once
		"waits, another page size":  {both(waiting, small), []string{wrongSize}},
		"waits for other nodes":     {both(waiting, small, func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"role": "other"} }), nil},
		"has ended":                 {both(small, func(p *corev1.Pod) { p.Status.Phase = "Failed" }), nil},
		"no chamber":                {both(small, func(p *corev1.Pod) { p.Labels = nil }), nil},
		"no enclave":                {asking("cpu", "1"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			pods := []corev1.Pod{pluginPod("a", nil), chamberPod("a", tt.change)}
			expect(t, Inspect(Cluster{Nodes: []corev1.Node{enclaveNode("a", nil)}, Pods: pods}), tt.want)
		})
	}
}

// TestSamePodFaultOnce: all pods of a Deployment have the same fault.
func TestSamePodFaultOnce(t *testing.T) {
	wrong := asking("aws.ec2.nitro/nitro_enclaves", "1", "hugepages-2Mi", "512Mi")
	second := chamberPod("a", func(p *corev1.Pod) { wrong(p); p.Name = "zweite" })
	pods := []corev1.Pod{second, pluginPod("a", nil), chamberPod("a", wrong)}
	expect(t, Inspect(Cluster{Nodes: []corev1.Node{enclaveNode("a", nil)}, Pods: pods}), []string{"a pods: signers/chamber-a asks | capacity output"})
}

// TestPodsOnBrokenNodes: a node whose own numbers are wrong is not compared with
// what pods ask for.
func TestPodsOnBrokenNodes(t *testing.T) {
	wrong := asking("aws.ec2.nitro/nitro_enclaves", "1", "hugepages-2Mi", "512Mi")
	broken := enclaveNode("a", func(n *corev1.Node) { both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "0") })
	stopped := pluginPod("a", func(p *corev1.Pod) { p.Status.Conditions = nil })
	for _, change := range []func(*corev1.Pod){wrong, func(p *corev1.Pod) { waiting(p); wrong(p) }} {
		pod := chamberPod("a", change)
		expect(t, Inspect(Cluster{Nodes: []corev1.Node{broken}, Pods: []corev1.Pod{pluginPod("a", nil), pod}}), []string{"a cpus: offers 0 | delete pod"})
		expect(t, Inspect(Cluster{Nodes: []corev1.Node{enclaveNode("a", nil)}, Pods: []corev1.Pod{stopped, pod}}), []string{"a plugin: does not run | describe pod"})
	}
	// Another node where it would fit is no help while it is broken.
	small := enclaveNode("b", func(n *corev1.Node) {
		both(n, "hugepages-1Gi", "0")
		both(n, "hugepages-2Mi", "1024Mi") // 3 slots cannot share them
	})
	pod := chamberPod("a", func(p *corev1.Pod) { waiting(p); wrong(p) })
	expect(t, Inspect(Cluster{Nodes: []corev1.Node{enclaveNode("a", nil), small}, Pods: []corev1.Pod{pluginPod("a", nil), pluginPod("b", nil), pod}}),
		[]string{"a pods: asks for hugepages-2Mi | capacity output", "b pages: which 3 slots cannot share | chamber plan"})
}

// TestPodThatFitsElsewhere waits for a slot there, and says nothing of this node.
func TestPodThatFitsElsewhere(t *testing.T) {
	small := enclaveNode("b", func(n *corev1.Node) {
		n.Labels["containment-chamber.io/node-group"] = "small"
		both(n, "hugepages-1Gi", "0")
		both(n, "hugepages-2Mi", "1536Mi")
	})
	pod := chamberPod("a", func(p *corev1.Pod) {
		waiting(p)
		asking("aws.ec2.nitro/nitro_enclaves", "1", "aws.ec2.nitro/nitro_enclaves_cpus", "2", "hugepages-2Mi", "512Mi")(p)
	})
	nodes := []corev1.Node{enclaveNode("a", nil), small}
	expect(t, Inspect(Cluster{Nodes: nodes, Pods: []corev1.Pod{pluginPod("a", nil), pluginPod("b", nil), pod}}), nil)
}

func TestWaitingPods(t *testing.T) {
	notYet := chamberPod("a", func(p *corev1.Pod) { waiting(p); p.Name = "new"; p.Status.Conditions = nil })
	bound := chamberPod("a", nil)
	other := pluginPod("a", waiting)
	got := Inspect(Cluster{Pods: []corev1.Pod{chamberPod("b", waiting), notYet, bound, other, chamberPod("a", waiting)}})
	want := Result{Nodes: []Report{}, WaitingPods: []WaitingPod{
		{Pod: "signers/chamber-a", Message: "0/1 nodes are available"}, {Pod: "signers/chamber-b", Message: "0/1 nodes are available"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
