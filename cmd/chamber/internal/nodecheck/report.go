// Package nodecheck says of the enclave nodes of a cluster whether label, taint,
// slots, CPUs, pages and device plugin agree with each other, and what to do where
// they do not. It is a pure function of Kubernetes objects.
//
// It tells only what these objects show. Whether the seccomp profile is on a node,
// or whom the enclave device belongs to, is in none of them.
package nodecheck

import corev1 "k8s.io/api/core/v1"

// Cluster is what Inspect looks at.
type Cluster struct {
	// Nodes may have nodes without enclaves among them, which are passed over.
	Nodes []corev1.Node
	// Pods are at least those on enclave nodes and those on no node yet. All but
	// the device plugin's and the chambers' are passed over.
	Pods []corev1.Pod
}

// Result is what Inspect says.
type Result struct {
	// Nodes are the enclave nodes, by node group and then by name.
	Nodes []Report `json:"nodes"`
	// WaitingPods are the chambers' pods that the scheduler found no node for, by
	// name. That alone is no fault of a node.
	WaitingPods []WaitingPod `json:"waitingPods"`
}

// Report is what is said of one node. Slots, enclave CPUs and hugepages are the
// allocatable ones, which is what the scheduler gives to pods.
type Report struct {
	Node         string `json:"node"`
	InstanceType string `json:"instanceType"`
	// NodeGroup is the value of contract.NodeGroupLabel, "" without it.
	NodeGroup   string `json:"nodeGroup"`
	Ready       bool   `json:"ready"`
	Slots       int    `json:"slots"`
	EnclaveCPUs int    `json:"enclaveCpus"`
	// Hugepages are quantities by resource name, without sizes of which there is
	// no page.
	Hugepages map[string]string `json:"hugepages"`
	// Pages are the hugepages that enclaves can use, as people write them: "3x1Gi".
	Pages    string    `json:"-"`
	Findings []Finding `json:"findings"`
	// Notes are what could not be checked, and why.
	Notes []string `json:"notes"`
}

// Finding is one thing that is wrong with a node.
type Finding struct {
	Check Check `json:"check"`
	// Seen is what is wrong, with the values that show it.
	Seen string `json:"seen"`
	// Cure is what to do, with commands in backquotes.
	Cure string `json:"cure"`
}

// Check names what was checked.
type Check string

// All checks.
const (
	CheckReady Check = "ready"
	// CheckNotReady is the node's own check, made by the user data before it joined.
	CheckNotReady Check = "not-ready"
	CheckLabel    Check = "label"
	CheckTaint    Check = "taint"
	CheckPlugin   Check = "plugin"
	CheckSlots    Check = "slots"
	CheckCPUs     Check = "cpus"
	CheckPages    Check = "pages"
	// CheckHost is of the CPU and memory that are left for ordinary pods.
	CheckHost Check = "host"
	// CheckGroup compares a node with the others of its node group.
	CheckGroup Check = "group"
	// CheckPods compares a node with what the chambers' pods ask for.
	CheckPods Check = "pods"
)

// WaitingPod is a chamber's pod that is on no node.
type WaitingPod struct {
	Pod string `json:"pod"` // namespace/name
	// Message is the scheduler's.
	Message string `json:"message"`
}

// Wrong counts the nodes with a finding.
func (r Result) Wrong() int {
	count := 0
	for _, node := range r.Nodes {
		if len(node.Findings) > 0 {
			count++
		}
	}
	return count
}
