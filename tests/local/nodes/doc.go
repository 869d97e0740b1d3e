// Package nodes plays EC2 and the kubelet for the local stack: for every managed
// node group in the AWS stand-in's account it keeps Node objects in the real
// apiserver, with what the instances would really have after booting with the
// launch template's user data (package instance).
//
// Extended resources appear as they do on EKS: only when a pod of the AWS device
// plugin's DaemonSet runs on the node.
//
// It touches no node that it has not made.
package nodes

const (
	// ownerLabel marks the simulator's nodes; its value is the node group.
	ownerLabel = "local-stack.containment-chamber.io/node-group"
	// templateAnnotation is the launch template and version that a node booted
	// with.
	templateAnnotation = "local-stack.containment-chamber.io/launch-template"
	// offlineAnnotation is the number of CPUs that its boot took offline, which
	// the device plugin counts.
	offlineAnnotation = "local-stack.containment-chamber.io/offline-cpus"
	// refusedAnnotation says why a boot set nothing aside.
	refusedAnnotation = "local-stack.containment-chamber.io/refused"
)
