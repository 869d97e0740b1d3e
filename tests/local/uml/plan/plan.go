// Package plan is what a guest's init is told, in a file of the guest.
package plan

// Paths in a guest.
const (
	// InitPath is the init of package uml.
	InitPath = "/uml/init"
	// Path has a Plan as JSON.
	Path = "/uml/plan.json"
	// ModuleFolder has the kernel's modules.
	ModuleFolder = "/uml/modules"
)

// OutputPort is the port of the host (CID 2) that takes what a guest's command writes.
const OutputPort = 1

// StatusPrefix begins the line on the console that has the command's exit status.
const StatusPrefix = "uml-init: status "

// Plan says what a guest runs.
type Plan struct {
	// Modules are the paths of kernel modules, in the order in which they are loaded.
	Modules []string `json:"modules"`
	// Command is a program and its arguments, Env all of its environment.
	Command []string `json:"command"`
	Env     []string `json:"env,omitempty"`
	// AsInit makes the command PID 1. It finds the machine as a kernel leaves it, but for
	// the modules.
	AsInit bool `json:"asInit,omitempty"`
	// Ports are TCP ports of the guest's loopback interface, which the host reaches as
	// vsock ports of the same number.
	Ports []uint16 `json:"ports,omitempty"`
	// Output sends what the command writes to OutputPort, and not to the console.
	Output bool `json:"output,omitempty"`
}
