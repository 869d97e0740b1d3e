package nodecheck

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// list makes a resource list of "name amount" pairs.
func list(pairs ...string) corev1.ResourceList {
	all := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		all[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return all
}

// enclaveNode is an m5.2xlarge with 3 slots, on which everything agrees. Names are
// written out: the product's constants might be wrong.
func enclaveNode(name string, change func(*corev1.Node)) corev1.Node {
	n := corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"aws-nitro-enclaves-k8s-dp": "enabled", "containment-chamber.io/node-group": "enclaves",
			"node.kubernetes.io/instance-type": "m5.2xlarge",
		}},
		Spec: corev1.NodeSpec{
			ProviderID: "aws:///eu-central-1a/i-0123456789abcdef0",
			Taints:     []corev1.Taint{{Key: "containment-chamber.io/enclave", Value: "true", Effect: "NoSchedule"}},
		},
		Status: corev1.NodeStatus{
			Conditions: []corev1.NodeCondition{{Type: "Ready", Status: "True"}},
			Capacity: list("cpu", "2", "memory", "30Gi", "aws.ec2.nitro/nitro_enclaves", "3",
				"aws.ec2.nitro/nitro_enclaves_cpus", "6", "hugepages-1Gi", "3Gi", "hugepages-2Mi", "0"),
			Allocatable: list("cpu", "1910m", "memory", "26245Mi", "aws.ec2.nitro/nitro_enclaves", "3",
				"aws.ec2.nitro/nitro_enclaves_cpus", "6", "hugepages-1Gi", "3Gi", "hugepages-2Mi", "0"),
		},
	}
	if change != nil {
		change(&n)
	}
	return n
}

// both sets a resource in capacity and allocatable; "" removes it.
func both(n *corev1.Node, name corev1.ResourceName, value string) {
	for _, all := range []corev1.ResourceList{n.Status.Capacity, n.Status.Allocatable} {
		delete(all, name)
		if value != "" {
			all[name] = resource.MustParse(value)
		}
	}
}

func pluginPod(node string, change func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "plugin-" + node, Labels: map[string]string{"app.kubernetes.io/name": "aws-nitro-enclaves-k8s-device-plugin"}},
		Spec: corev1.PodSpec{
			NodeName:     node,
			NodeSelector: map[string]string{"aws-nitro-enclaves-k8s-dp": "enabled", "containment-chamber.io/node-group": "enclaves"},
			Tolerations:  []corev1.Toleration{{Key: "containment-chamber.io/enclave", Operator: "Equal", Value: "true", Effect: "NoSchedule"}},
			Containers: []corev1.Container{{
				Image: "example.invalid/aws-nitro-enclaves-k8s-device-plugin:0.4.1",
				Env:   []corev1.EnvVar{{Name: "ENCLAVE_CPU_ADVERTISEMENT", Value: "true"}, {Name: "MAX_ENCLAVES_PER_NODE", Value: "3"}},
			}},
		},
		Status: corev1.PodStatus{Phase: "Running", Conditions: []corev1.PodCondition{{Type: "Ready", Status: "True"}}},
	}
	if change != nil {
		change(&p)
	}
	return p
}

func chamberPod(node string, change func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "signers", Name: "chamber-" + node, Labels: map[string]string{"app.kubernetes.io/name": "containment-chamber"}},
		Spec: corev1.PodSpec{
			NodeName:     node,
			NodeSelector: map[string]string{"aws-nitro-enclaves-k8s-dp": "enabled"},
			Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{
				Requests: list("cpu", "100m", "aws.ec2.nitro/nitro_enclaves", "1", "aws.ec2.nitro/nitro_enclaves_cpus", "2", "hugepages-1Gi", "1Gi"),
			}}},
		},
		Status: corev1.PodStatus{Phase: "Running"},
	}
	if change != nil {
		change(&p)
	}
	return p
}

// waiting makes a pod one that the scheduler finds no node for.
func waiting(p *corev1.Pod) {
	p.Spec.NodeName = ""
	p.Status = corev1.PodStatus{Phase: "Pending", Conditions: []corev1.PodCondition{
		{Type: "PodScheduled", Status: "False", Reason: "Unschedulable", Message: "0/1 nodes are available"},
	}}
}

func asking(pairs ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Resources.Requests = list(pairs...) }
}

// expect compares findings, "node check: part of seen | part of cure" each, with
// those of the result, in order.
func expect(t *testing.T, r Result, want []string) {
	t.Helper()
	var got []string
	for _, n := range r.Nodes {
		for _, f := range n.Findings {
			got = append(got, fmt.Sprintf("%s %s: %s | %s", n.Node, f.Check, f.Seen, f.Cure))
		}
	}
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		head, rest, _ := strings.Cut(want[i], ": ")
		seen, cure, _ := strings.Cut(rest, " | ")
		gotSeen, gotCure, _ := strings.Cut(got[i], " | ")
		ok = strings.HasPrefix(got[i], head+": ") && strings.Contains(gotSeen, seen) && cure != "" && strings.Contains(gotCure, cure)
	}
	if !ok {
		t.Errorf("findings:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNothingWrong(t *testing.T) {
	result := Inspect(Cluster{
		Nodes: []corev1.Node{
			enclaveNode("b", nil), enclaveNode("a", nil),
			{ObjectMeta: metav1.ObjectMeta{Name: "ordinary", Labels: map[string]string{"node.kubernetes.io/instance-type": "t3.large"}}},
		},
		Pods: []corev1.Pod{pluginPod("a", nil), pluginPod("b", nil), chamberPod("a", nil), chamberPod("b", nil)},
	})
	expect(t, result, nil)
	if result.Wrong() != 0 {
		t.Errorf("%d nodes are wrong", result.Wrong())
	}
	got, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	node := func(name string) string {
		return `{"node":"` + name + `","instanceType":"m5.2xlarge","nodeGroup":"enclaves","ready":true,"slots":3,"enclaveCpus":6,"hugepages":{"hugepages-1Gi":"3Gi"},"findings":[],"notes":[]}`
	}
	if want := `{"nodes":[` + node("a") + "," + node("b") + `],"waitingPods":[]}`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEnclaveNode(t *testing.T) {
	for name, tt := range map[string]struct {
		node corev1.Node
		want bool
	}{
		"ordinary":      {corev1.Node{}, false},
		"other taint":   {corev1.Node{Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: "dedicated"}}}}, false},
		"label":         {corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"aws-nitro-enclaves-k8s-dp": ""}}}, true},
		"group":         {corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"containment-chamber.io/node-group": "x"}}}, true},
		"taint":         {corev1.Node{Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: "containment-chamber.io/enclave"}}}}, true},
		"not-ready":     {corev1.Node{Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: "containment-chamber.io/not-ready"}}}}, true},
		"slots":         {corev1.Node{Status: corev1.NodeStatus{Capacity: list("aws.ec2.nitro/nitro_enclaves", "0")}}, true},
		"enclave CPUs":  {corev1.Node{Status: corev1.NodeStatus{Capacity: list("aws.ec2.nitro/nitro_enclaves_cpus", "2")}}, true},
		"only hugepage": {corev1.Node{Status: corev1.NodeStatus{Capacity: list("hugepages-1Gi", "1Gi")}}, false},
	} {
		if got := EnclaveNode(&tt.node); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
