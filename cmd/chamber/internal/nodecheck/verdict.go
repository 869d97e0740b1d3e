package nodecheck

import (
	"cmp"
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// verdict is what a reason of the user data's check means (the step and fail calls
// in components/internal/userdata), and what to do before the node is replaced.
type verdict struct{ meaning, first string }

var verdicts = map[string]verdict{
	"setup":       {meaning: "the user data's script failed at its beginning"},
	"unfinished":  {meaning: "the user data's script never came to its end"},
	"unchecked":   {meaning: "the check itself never came to its end"},
	"package":     {"AWS's package could not be installed", "see that the node's subnet has a route to the Amazon Linux repositories, or use reservation \"direct\", which needs no package; "},
	"driver":      {"the driver could not be loaded", "see that the launch template has EnclaveOptions on, the instance type has Nitro Enclaves and the AMI has the driver; "},
	"device":      {"/dev/nitro_enclaves is missing", "see that the launch template has EnclaveOptions on and the instance type has Nitro Enclaves; "},
	"reservation": {meaning: "what sets CPUs and memory aside ended with an error"},
	"cpus":        {meaning: "fewer CPUs were set aside than promised"},
	"pages":       {meaning: "fewer hugepages were set aside than promised, mostly because memory was fragmented at boot"},
	"seccomp":     {meaning: "the seccomp profile for chambers is missing"},
}

// addOwnVerdict reports a node that failed its own check.
func (n *node) addOwnVerdict(reason, relabel string) {
	v := verdicts[reason]
	meaning := cmp.Or(v.meaning, "a reason that this version does not know")
	repaired := fmt.Sprintf("`kubectl taint node %s %s-`", n.Name, contract.NotReadyTaintKey)
	if n.Labels[contract.NodeLabel] != contract.NodeLabelValue {
		repaired += " and " + relabel
	}
	n.add(CheckNotReady,
		fmt.Sprintf("the node failed its own check before it joined, and takes no enclave pods: the taint %s says %q: %s", contract.NotReadyTaintKey, reason, meaning),
		fmt.Sprintf("%sread the lines of containment-chamber in %s, and %s. A node that is repaired stays out until %s", v.first, n.console(), n.replace(), repaired))
}
