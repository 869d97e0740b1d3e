package nodecheck

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestPluginFindings changes the device plugin's pod on the node "a".
func TestPluginFindings(t *testing.T) {
	env := func(i int, value string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Containers[0].Env[i].Value = value }
	}
	image := func(image string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Containers[0].Image = image }
	}
	pinnedTo := func(node string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			waiting(p)
			p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: "In", Values: []string{node}}}}},
			}}}
		}
	}
	missing := []string{"a plugin: no device plugin runs here, and none runs on another | `kubectl get daemonsets --all-namespaces`"}
	for name, tt := range map[string]struct {
		change func(*corev1.Pod)
		want   []string
	}{
		"AWS's manifest": {func(p *corev1.Pod) { p.Labels = map[string]string{"name": "aws-nitro-enclaves-k8s-dp"} }, nil},
		"private mirror": {image("example.invalid/mirror/plugin:0.4.1"), nil},
		"digest":         {image("example.invalid/plugin@sha256:0123"), nil},
		"neither":        {func(p *corev1.Pod) { p.Labels = nil; image("example.invalid/mirror/plugin:0.4.1")(p) }, missing},
		"another node":   {func(p *corev1.Pod) { p.Spec.NodeName = "b" }, []string{"a plugin: although that of kube-system/plugin-a selects this node | `kubectl get daemonsets"}},
		"ending":         {func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }, missing},
		"ended":          {func(p *corev1.Pod) { p.Status.Phase = "Failed" }, missing},
		"on other nodes": {func(p *corev1.Pod) {
			p.Spec.NodeName, p.Spec.NodeSelector["containment-chamber.io/node-group"] = "b", "others"
		}, []string{"a plugin: such as kube-system/plugin-a, select other nodes | a DevicePlugin of its own"}},
		"for other nodes, and tolerates nothing": {func(p *corev1.Pod) {
			p.Spec.NodeName, p.Spec.Tolerations, p.Spec.NodeSelector["containment-chamber.io/node-group"] = "b", nil, "others"
		}, []string{"a plugin: such as kube-system/plugin-a, select other nodes | a DevicePlugin of its own"}},
		"does not tolerate, elsewhere": {func(p *corev1.Pod) { p.Spec.NodeName, p.Spec.Tolerations = "b", nil },
			[]string{"a plugin: does not tolerate this node's taint containment-chamber.io/enclave=true:NoSchedule | toleration"}},
		"does not tolerate, here": {func(p *corev1.Pod) { p.Spec.Tolerations = nil },
			[]string{"a plugin: once it ends, it does not come back | toleration"}},
		"tolerates all": {func(p *corev1.Pod) { p.Spec.Tolerations = []corev1.Toleration{{Operator: "Exists"}} }, nil},
		"tolerates the key": {func(p *corev1.Pod) {
			p.Spec.Tolerations[0] = corev1.Toleration{Key: p.Spec.Tolerations[0].Key, Operator: "Exists"}
		}, nil},
		"tolerates another value":    {func(p *corev1.Pod) { p.Spec.Tolerations[0].Value = "false" }, []string{"a plugin: does not tolerate | toleration"}},
		"tolerates another effect":   {func(p *corev1.Pod) { p.Spec.Tolerations[0].Effect = "NoExecute" }, []string{"a plugin: does not tolerate | toleration"}},
		"tolerates another key":      {func(p *corev1.Pod) { p.Spec.Tolerations[0].Key = "dedicated" }, []string{"a plugin: does not tolerate | toleration"}},
		"no operator means Equal":    {func(p *corev1.Pod) { p.Spec.Tolerations[0].Operator = "" }, nil},
		"tolerates as a comparison":  {func(p *corev1.Pod) { p.Spec.Tolerations[0].Operator = "Gt" }, []string{"a plugin: does not tolerate | toleration"}},
		"not pinned":                 {image("example.invalid:5000/aws-nitro-enclaves-k8s-device-plugin"), []string{"a plugin: is not pinned | a version or a digest"}},
		"latest":                     {image("example.invalid/aws-nitro-enclaves-k8s-device-plugin:latest"), []string{"a plugin: is not pinned | a version or a digest"}},
		"no enclave CPUs":            {env(0, "yes"), []string{"a plugin: has ENCLAVE_CPU_ADVERTISEMENT \"yes\" | set ENCLAVE_CPU_ADVERTISEMENT to \"true\""}},
		"enclave CPUs, another way":  {env(0, "1"), nil},
		"slots it does not know":     {env(1, "9"), []string{"a plugin: has MAX_ENCLAVES_PER_NODE \"9\", which it does not understand: it takes 4 | to 1 to 4", "a slots: is to offer 4 | delete pod"}},
		"other slots than it offers": {env(1, "2"), []string{"a slots: has 3 slots, and the device plugin is to offer 2 | delete pod"}},
		"settings from elsewhere": {func(p *corev1.Pod) {
			p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "MAX_ENCLAVES_PER_NODE", ValueFrom: &corev1.EnvVarSource{}}}
			p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{}}
		}, nil},
		"pending": {func(p *corev1.Pod) {
			p.Status = corev1.PodStatus{Phase: "Pending", ContainerStatuses: []corev1.ContainerStatus{{
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "no route"}},
			}}}
		}, []string{"a plugin: kube-system/plugin-a does not run: ImagePullBackOff: no route | `kubectl -n kube-system describe pod plugin-a`"}},
		"out of memory": {func(p *corev1.Pod) {
			p.Status.Conditions[0].Status = "False"
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{
				State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled"}},
			}}
		}, []string{"a plugin: CrashLoopBackOff: last ended with OOMKilled | 15Mi"}},
		"not ready":         {func(p *corev1.Pod) { p.Status.Conditions[0].Status = "False" }, []string{"a plugin: does not run: Running | describe pod"}},
		"no room for it":    {pinnedTo("a"), []string{"a plugin: kube-system/plugin-a waits for this node: 0/1 nodes are available | make room for it"}},
		"no room elsewhere": {pinnedTo("b"), []string{"a plugin: although that of kube-system/plugin-a selects this node | `kubectl get daemonsets"}},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, Inspect(Cluster{Nodes: []corev1.Node{enclaveNode("a", nil)}, Pods: []corev1.Pod{pluginPod("a", tt.change)}}), tt.want)
		})
	}
}

// TestMissingPlugin changes a node without one, while there is one elsewhere.
func TestMissingPlugin(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*corev1.Node)
		want   []string
	}{
		"the label explains it": {func(n *corev1.Node) { delete(n.Labels, "aws-nitro-enclaves-k8s-dp") }, []string{"a label: is missing | kubectl label"}},
		"a taint explains it": {func(n *corev1.Node) {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "dedicated", Effect: "NoExecute"})
		}, []string{"a plugin: does not tolerate this node's taint dedicated:NoExecute | toleration"}},
		"DaemonSets tolerate Kubernetes's taints": {func(n *corev1.Node) {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "node.kubernetes.io/unschedulable", Effect: "NoSchedule"})
		}, []string{"a plugin: although that of kube-system/plugin-b selects this node | kubectl get daemonsets"}},
	} {
		t.Run(name, func(t *testing.T) {
			nodes := []corev1.Node{enclaveNode("a", tt.change), enclaveNode("b", nil)}
			expect(t, Inspect(Cluster{Nodes: nodes, Pods: []corev1.Pod{pluginPod("b", nil)}}), tt.want)
		})
	}
}

// TestPluginByItsOwnLabel: on nodes of people's own the plugin may select on a
// label of theirs.
func TestPluginByItsOwnLabel(t *testing.T) {
	n := enclaveNode("a", func(n *corev1.Node) {
		n.Labels = map[string]string{"role": "signers", "node.kubernetes.io/instance-type": "m5.2xlarge"}
	})
	p := pluginPod("a", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"role": "signers"} })
	expect(t, Inspect(Cluster{Nodes: []corev1.Node{n}, Pods: []corev1.Pod{p}}), nil)
}

func TestSeveralPlugins(t *testing.T) {
	other := pluginPod("a", func(p *corev1.Pod) { p.Name = "other" })
	expect(t, Inspect(Cluster{Nodes: []corev1.Node{enclaveNode("a", nil)}, Pods: []corev1.Pod{pluginPod("a", nil), other}}),
		[]string{"a plugin: 2 device plugins run here, kube-system/other and kube-system/plugin-a | keep one"})
}

// TestAWSDefault is the plugin as AWS's manifest sets it up, on a node for 3.
func TestAWSDefault(t *testing.T) {
	n := enclaveNode("a", func(n *corev1.Node) {
		both(n, "aws.ec2.nitro/nitro_enclaves", "4")
		both(n, "aws.ec2.nitro/nitro_enclaves_cpus", "")
	})
	p := pluginPod("a", func(p *corev1.Pod) { p.Spec.Containers[0].Env, p.Spec.Tolerations = nil, nil })
	expect(t, Inspect(Cluster{Nodes: []corev1.Node{n}, Pods: []corev1.Pod{p}}), []string{
		"a plugin: does not tolerate the taint | toleration",
		"a plugin: ENCLAVE_CPU_ADVERTISEMENT not set | to \"true\"",
		"a pages: 3x1Gi, which 4 slots cannot share equally | `chamber plan`",
	})
}
