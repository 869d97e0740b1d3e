package demo

// Report is what there is to see when an example has run.
type Report struct {
	Nodes    []Node
	Pods     []Pod
	Services []Service
	Outputs  []Output
}

// Use is how much of something is taken.
type Use struct{ Used, Total int64 }

// Node is one node and what its pods have taken of it.
type Node struct {
	Name, InstanceType string
	Slots, EnclaveCPUs Use
	// Pages are bytes, by page size: "1Gi".
	Pages map[string]Use
	// FreeMilliCPU and FreeMemory (bytes) are what further pods may ask for.
	FreeMilliCPU, FreeMemory int64
}

// Pod is one pod of the chamber or the device plugin.
type Pod struct{ Namespace, Name, Node, State string }

// Service is one service of the chamber.
type Service struct{ Namespace, Name, Address, Ports string }

// Output is one output of the Pulumi stack.
type Output struct{ Name, Value string }
