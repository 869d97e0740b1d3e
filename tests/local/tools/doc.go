// Package tools builds the programs that the local stack is made of and keeps
// them in the user's cache, so that a machine with nothing but Go can run it.
//
// Two programs are big: the Pulumi CLI (only where the user has none) and
// kube-one, a whole Kubernetes control plane in one binary. Each has a module of
// its own below tests/tools and is cached under a hash of everything it is made
// from. So are those that only some tests need, such as Karpenter: see Program. The small ones, which are this module's own code, are handed to `go
// build` every time: it links again only what has changed.
package tools

// Set says where the programs are.
type Set struct {
	// Pulumi is the path of the Pulumi CLI: the user's own, or ours.
	Pulumi string
	// OwnPulumi is true when the CLI was built here and so comes without
	// language hosts: ours for Go is in Plugins then.
	OwnPulumi bool
	// KubeOne is the path of the control plane's binary, which is the kubelet too.
	KubeOne string
	// KwokModule is the folder of the kwok module, which holds its stages.
	KwokModule string
	// Plugins is the folder with the Pulumi plugins, to be put on the PATH.
	Plugins string
	// NodeSimulator is the path of the program that plays EC2 and the kubelet.
	NodeSimulator string
}
