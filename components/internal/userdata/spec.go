package userdata

// MaxBytes is EC2's limit for user data, before base64 encoding (EC2 user
// guide, "Run commands when you launch an instance").
const MaxBytes = 16 * 1024

// managerBytes is kept free where EKS or Karpenter adds a NodeConfig of its own: the
// cluster's certificate alone takes about 1.5 KiB, labels and taints come on top.
const managerBytes = 4 * 1024

// Reservation modes, spelled as capacity.Reservation spells them.
const (
	allocator = "allocator"
	direct    = "direct"
)

// Spec is all that the user data of a node depends on.
type Spec struct {
	// Reservation is "allocator" (AWS's package and service) or "direct" (our
	// own unit: no package, no network).
	Reservation string
	// CPUCount is the number of CPUs to set aside, a whole number of cores.
	CPUCount int
	// MemoryMiB is the memory to set aside for all enclaves of the node.
	MemoryMiB int
	// PageMiB is the page size in MiB; direct mode only.
	PageMiB int
	// Pages is what the node must have after the reservation, to be verified.
	Pages []Pages
	// DeviceGroupID owns /dev/nitro_enclaves, so that a pod which is not root
	// can open it.
	DeviceGroupID int
	// SeccompPath is where the seccomp profile goes, absolute.
	SeccompPath string
	// ManagerTaint is a taint (key:Effect) that whoever manages the node has kubelet
	// register with by other means than a flag, and wants to see also on a node that
	// is not ready. May be empty.
	ManagerTaint string
	// Node is set for custom AMIs only, to which EKS adds no NodeConfig.
	Node *NodeConfig
}

// Pages is a number of hugepages of one size.
type Pages struct {
	MiB   int
	Count int
}

// NodeConfig is what nodeadm needs to join a cluster from a custom AMI.
type NodeConfig struct {
	ClusterName          string
	Endpoint             string
	CertificateAuthority string // base64, as EKS returns it
	ServiceIPv4CIDR      string
	Labels               map[string]string
	Taints               []string // key=value:Effect
}
