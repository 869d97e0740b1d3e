// Package realnode runs one real Kubernetes node on this machine: kubelet, containerd
// and runc, with a control plane of its own, in private namespaces. What the kubelet
// and the kernel make of a pod can be seen there and nowhere else: seccomp, hugepages,
// devices, probes, hooks and grace periods.
//
// The program that starts a node is its own helper: it runs itself again as the guard
// and the guard runs it as the first process of the namespaces, so its main function,
// or TestMain, calls Main first. The guard ends the node and puts the machine back as
// it was when the program asks for it or dies, however it dies. The node's first
// process dies with the guard, and with it every process of the node.
//
// Files of the node are in memory, in its own mount namespace; only logs and keys are
// in a folder outside. Of the machine it changes the number of 2 MiB pages and some
// control groups below one of its own. So there is one node at a time: a lock file
// says so.
package realnode

import "errors"

// ErrUnavailable is the reason when this machine can run no node: other than Linux on
// x86_64, not root, or namespaces and mounts are refused.
var ErrUnavailable = errors.New("a real node cannot run on this machine")

const (
	// Name is the node's name.
	Name = "node0"
	// Address is that of the bridge to which all pods are connected, and the node's. It
	// is the pods' DNS server, too: who wants names resolved listens there on port 53.
	Address = "10.88.0.1"
	subnet  = "10.88.0.0/24"
	bridge  = "cni0"
	// Device is the device of the node that a slot puts into a container, at the same
	// path. It swallows what is written, and only root and contract.DeviceGroupID may
	// open it, as on our nodes.
	Device = "/dev/nitro_enclaves"
	// pauseImage is what holds the namespaces of a pod.
	pauseImage = "node.test/pause:1"
	// cgroup is the control group below which the kubelet makes those of pods.
	cgroup = "containment-chamber-node"
)
