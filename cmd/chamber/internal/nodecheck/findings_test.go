package nodecheck

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestNodeFindings changes one thing of the node "a", which has its plugin.
func TestNodeFindings(t *testing.T) {
	taint := func(key, value string, effect corev1.TaintEffect) corev1.Taint {
		return corev1.Taint{Key: key, Value: value, Effect: effect}
	}
	const terminate = "`aws ec2 terminate-instances --instance-ids i-0123456789abcdef0`"
	for name, tt := range map[string]struct {
		change func(*corev1.Node)
		want   []string
	}{
		"not ready": {func(n *corev1.Node) {
			n.Status.Conditions[0] = corev1.NodeCondition{Type: "Ready", Status: "False", Reason: "KubeletNotReady", Message: "cni plugin not initialized"}
			both(n, "aws.ec2.nitro/nitro_enclaves", "0")
		}, []string{"a ready: not ready (KubeletNotReady: cni plugin not initialized) | `kubectl describe node a`"}},
		"never ready": {func(n *corev1.Node) { n.Status.Conditions = nil }, []string{"a ready: kubelet has not reported yet | " + terminate}},

		"no label": {func(n *corev1.Node) { delete(n.Labels, "aws-nitro-enclaves-k8s-dp") },
			[]string{"a label: aws-nitro-enclaves-k8s-dp is missing | `kubectl label node a aws-nitro-enclaves-k8s-dp=enabled --overwrite`"}},
		"other label": {func(n *corev1.Node) { n.Labels["aws-nitro-enclaves-k8s-dp"] = "true" },
			[]string{"a label: is \"true\" | `kubectl label node a aws-nitro-enclaves-k8s-dp=enabled --overwrite`"}},
		"label not-ready alone": {func(n *corev1.Node) { n.Labels["aws-nitro-enclaves-k8s-dp"] = "not-ready" },
			[]string{"a not-ready: failed its own check | " + terminate}},

		"no taint": {func(n *corev1.Node) { n.Spec.Taints = nil },
			[]string{"a taint: containment-chamber.io/enclave=true:NoSchedule is missing | `kubectl taint node a containment-chamber.io/enclave=true:NoSchedule`"}},
		"taint of another value": {func(n *corev1.Node) { n.Spec.Taints[0].Value = "yes" }, []string{
			"a taint: containment-chamber.io/enclave=yes:NoSchedule is not tolerated | `kubectl taint node a containment-chamber.io/enclave-`",
			"a plugin: does not tolerate the taint | toleration",
		}},
		"taint of another effect": {func(n *corev1.Node) { n.Spec.Taints[0].Effect = "PreferNoSchedule" }, []string{
			"a taint: PreferNoSchedule is not tolerated | then `kubectl taint node a containment-chamber.io/enclave=true:NoSchedule`",
			"a plugin: does not tolerate the taint | toleration",
		}},
		"another taint besides": {func(n *corev1.Node) {
			n.Spec.Taints = append(n.Spec.Taints, taint("dedicated", "signers", "NoSchedule"))
		}, nil},
		"another taint instead": {func(n *corev1.Node) { n.Spec.Taints[0] = taint("dedicated", "signers", "NoSchedule") },
			[]string{"a taint: is missing | `kubectl taint node a"}},
		"another taint on nodes of one's own": {func(n *corev1.Node) {
			delete(n.Labels, "containment-chamber.io/node-group")
			n.Spec.Taints[0] = taint("dedicated", "signers", "NoSchedule")
		}, nil},
		"Kubernetes's taint on nodes of one's own": {func(n *corev1.Node) {
			delete(n.Labels, "containment-chamber.io/node-group")
			n.Spec.Taints[0] = taint("node.kubernetes.io/memory-pressure", "", "NoSchedule")
		}, []string{"a taint: is missing | `kubectl taint node a"}},

		"slots not registered": {func(n *corev1.Node) { both(n, "aws.ec2.nitro/nitro_enclaves", "") },
			[]string{"a slots: has not registered with kubelet | `kubectl -n kube-system delete pod plugin-a`"}},
		"slots lost": {func(n *corev1.Node) { n.Status.Allocatable["aws.ec2.nitro/nitro_enclaves"] = list("x", "0")["x"] },
			[]string{"a slots: has 3 slots, of which pods can have 0 | `kubectl -n kube-system delete pod plugin-a`"}},
		"slots not those of the plugin": {func(n *corev1.Node) { both(n, "aws.ec2.nitro/nitro_enclaves", "1") },
			[]string{"a slots: has 1 slot, and the device plugin is to offer 3 | `kubectl -n kube-system delete pod plugin-a`"}},

		"plugin counted too early": {func(n *corev1.Node) { both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "0") },
			[]string{"a cpus: offers 0 enclave CPUs, and 6 of the m5.2xlarge's vCPUs are offline | `kubectl -n kube-system delete pod plugin-a`, since it counts the CPUs once"}},
		"plugin counted half": {func(n *corev1.Node) { both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "3") },
			[]string{"a cpus: offers 3 enclave CPUs, and 6 | CpuOptions"}},
		"kubelet counted too early": {func(n *corev1.Node) { both(n, "cpu", "8") },
			[]string{"a cpus: offers 6 enclave CPUs, and kubelet counts only 0 of the m5.2xlarge's vCPUs as offline | `kubectl -n kube-system delete pod plugin-a`; if the numbers still differ, replace the node: `kubectl drain a --ignore-daemonsets --delete-emptydir-data`, then " + terminate}},
		"nothing set aside": {func(n *corev1.Node) { both(n, "cpu", "8"); both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "0") },
			[]string{"a cpus: no CPU is set aside: all 8 vCPUs of m5.2xlarge | " + terminate}},
		"enclave CPUs lost": {func(n *corev1.Node) { n.Status.Allocatable["aws.ec2.nitro/nitro_enclaves_cpus"] = list("x", "0")["x"] },
			[]string{"a cpus: has 6 enclave CPUs, of which pods can have 0 | `kubectl -n kube-system delete pod plugin-a`"}},
		"CPUs cannot be shared": {func(n *corev1.Node) { both(n, "cpu", "4"); both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "4") },
			[]string{"a cpus: 4 enclave CPUs cannot be shared by 3 slots | `chamber plan`"}},
		"half cores": {func(n *corev1.Node) { both(n, "cpu", "5"); both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "3") },
			[]string{"a cpus: 1 for each, which on m5.2xlarge is no whole number of cores | `chamber plan`"}},

		"no pages": {func(n *corev1.Node) { both(n, "hugepages-1Gi", "0") },
			[]string{"a pages: no hugepages that an enclave can use, although CPUs are set aside | " + terminate}},
		"pages of a useless size": {func(n *corev1.Node) { both(n, "hugepages-1Gi", ""); both(n, "hugepages-64Ki", "1Gi") },
			[]string{"a pages: no hugepages that an enclave can use | replace the node"}},
		"no pages and no CPUs": {func(n *corev1.Node) {
			both(n, "cpu", "8")
			both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "0")
			both(n, "hugepages-1Gi", "0")
		}, []string{"a cpus: no CPU is set aside | " + terminate, "a pages: no hugepages that an enclave can use | " + terminate}},
		"pages kept back": {func(n *corev1.Node) { n.Status.Allocatable["hugepages-1Gi"] = list("x", "2Gi")["x"] },
			[]string{"a pages: has 3x1Gi, of which pods can have 2 | take hugepages-1Gi out of what kubelet reserves"}},
		"pages cannot be shared": {func(n *corev1.Node) { both(n, "hugepages-1Gi", "2Gi") },
			[]string{"a pages: has 2x1Gi, which 3 slots cannot share equally | `chamber plan`"}},
		"one size cannot be shared": {func(n *corev1.Node) { both(n, "hugepages-2Mi", "2Mi") },
			[]string{"a pages: has 3x1Gi + 1x2Mi, which 3 slots | " + terminate}},
		"too few pages": {func(n *corev1.Node) { both(n, "hugepages-1Gi", "0"); both(n, "hugepages-2Mi", "180Mi") },
			[]string{"a pages: 90x2Mi are 60 MiB for each of 3 slots | set more memory aside"}},

		"no CPU left":    {func(n *corev1.Node) { n.Status.Allocatable["cpu"] = list("x", "0")["x"] }, []string{"a host: 0 CPU | larger instance type"}},
		"no memory left": {func(n *corev1.Node) { delete(n.Status.Allocatable, "memory") }, []string{"a host: 0 memory | `chamber plan`"}},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, Inspect(Cluster{Nodes: []corev1.Node{enclaveNode("a", tt.change)}, Pods: []corev1.Pod{pluginPod("a", nil)}}), tt.want)
		})
	}
}

// TestOwnCheck: a node that failed its own check is told of once, with the reason,
// and not for what follows from it.
func TestOwnCheck(t *testing.T) {
	for reason, want := range map[string]string{
		"setup":       "failed at its beginning | read the lines of containment-chamber in `aws ec2 get-console-output --latest --output text --instance-id i-0123456789abcdef0`",
		"unfinished":  "never came to its end | read the lines",
		"unchecked":   "never came to its end | read the lines",
		"package":     "AWS's package could not be installed | see that the node's subnet has a route",
		"driver":      "the driver could not be loaded | EnclaveOptions",
		"device":      "/dev/nitro_enclaves is missing | EnclaveOptions",
		"reservation": "ended with an error | replace the node",
		"cpus":        "fewer CPUs were set aside | replace the node",
		"pages":       "fragmented at boot | replace the node",
		"seccomp":     "the seccomp profile for chambers is missing | replace the node",
		"new":         "does not know | replace the node",
	} {
		n := enclaveNode("a", func(n *corev1.Node) {
			n.Labels["aws-nitro-enclaves-k8s-dp"] = "not-ready"
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "containment-chamber.io/not-ready", Value: reason, Effect: "NoSchedule"})
			n.Status.Capacity, n.Status.Allocatable = list("cpu", "8"), list("cpu", "8")
		})
		expect(t, Inspect(Cluster{Nodes: []corev1.Node{n}}), []string{"a not-ready: " + want})
		n.Labels["aws-nitro-enclaves-k8s-dp"] = "enabled" // half repaired
		expect(t, Inspect(Cluster{Nodes: []corev1.Node{n}}), []string{"a not-ready: " + want})
	}
}

// TestNoInstance: without the name of an instance, cures have no command for it.
func TestNoInstance(t *testing.T) {
	for _, id := range []string{"", "kind://docker/kind/worker", "aws:///eu-central-1a/fargate-10.0.0.1", "other:///i-0123"} {
		n := enclaveNode("a", func(n *corev1.Node) { n.Spec.ProviderID = id; both(n, "hugepages-1Gi", "0") })
		expect(t, Inspect(Cluster{Nodes: []corev1.Node{n}, Pods: []corev1.Pod{pluginPod("a", nil)}}),
			[]string{"a pages: no hugepages | see in the instance's system log why, and replace the node: `kubectl drain a --ignore-daemonsets --delete-emptydir-data`, then terminate its instance in EC2"})
	}
}

func TestUnknownInstanceType(t *testing.T) {
	for name, tt := range map[string]struct {
		cpus string
		want []string
	}{
		"some": {"6", nil},
		"none": {"0", []string{"a cpus: has no enclave CPUs | `kubectl -n kube-system delete pod plugin-a`"}},
	} {
		n := enclaveNode("a", func(n *corev1.Node) {
			n.Labels["node.kubernetes.io/instance-type"] = "m9x.2xlarge"
			both(n, "aws.ec2.nitro/nitro_enclaves_cpus", tt.cpus)
		})
		result := Inspect(Cluster{Nodes: []corev1.Node{n}, Pods: []corev1.Pod{pluginPod("a", nil)}})
		expect(t, result, tt.want)
		if notes := result.Nodes[0].Notes; len(notes) != 1 {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
}

func TestGroupsAgree(t *testing.T) {
	smaller := func(n *corev1.Node) {
		both(n, "cpu", "4")
		both(n, "aws.ec2.nitro/nitro_enclaves", "2")
		both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "4")
		both(n, "hugepages-1Gi", "2Gi")
	}
	two := func(p *corev1.Pod) { p.Spec.Containers[0].Env[1].Value = "2" }
	newer := func(n *corev1.Node) { n.CreationTimestamp = metav1.NewTime(time.Unix(1, 0)) }
	elsewhere := func(n *corev1.Node) { smaller(n); n.Labels["containment-chamber.io/node-group"] = "others" }
	ungrouped := func(n *corev1.Node) { smaller(n); delete(n.Labels, "containment-chamber.io/node-group") }
	const differs = " group: 2 slots, 4 CPUs and 2x1Gi (m5.2xlarge) | wait if the group is being updated"
	for name, tt := range map[string]struct {
		nodes []corev1.Node
		pods  []corev1.Pod
		want  []string
	}{
		"the fewer are wrong": {
			[]corev1.Node{enclaveNode("a", smaller), enclaveNode("b", nil), enclaveNode("c", nil)},
			[]corev1.Pod{pluginPod("a", two), pluginPod("b", nil), pluginPod("c", nil)}, []string{"a" + differs},
		},
		"the older is wrong": {
			[]corev1.Node{enclaveNode("a", newer), enclaveNode("b", smaller)},
			[]corev1.Pod{pluginPod("a", nil), pluginPod("b", two)}, []string{"b" + differs},
		},
		"another group":    {[]corev1.Node{enclaveNode("a", nil), enclaveNode("b", elsewhere)}, []corev1.Pod{pluginPod("a", nil), pluginPod("b", two)}, nil},
		"no group":         {[]corev1.Node{enclaveNode("a", ungrouped), enclaveNode("b", func(n *corev1.Node) { delete(n.Labels, "containment-chamber.io/node-group") })}, []corev1.Pod{pluginPod("a", two), pluginPod("b", nil)}, nil},
		"a broken node":    {[]corev1.Node{enclaveNode("a", smaller), enclaveNode("b", nil)}, []corev1.Pod{pluginPod("a", nil), pluginPod("b", nil)}, []string{"a slots: the device plugin is to offer 3 | delete pod"}},
		"another instance": {[]corev1.Node{enclaveNode("a", func(n *corev1.Node) { n.Labels["node.kubernetes.io/instance-type"] = "m5d.2xlarge" }), enclaveNode("b", newer)}, []corev1.Pod{pluginPod("a", nil), pluginPod("b", nil)}, []string{"a group: m5d.2xlarge | wait"}},
	} {
		t.Run(name, func(t *testing.T) { expect(t, Inspect(Cluster{Nodes: tt.nodes, Pods: tt.pods}), tt.want) })
	}
}
