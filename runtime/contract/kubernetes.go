package contract

// Extended resources of the AWS Nitro Enclaves device plugin (0.4.1).
const (
	// ResourceEnclaves counts enclave slots. The plugin advertises it always,
	// also on a node that has no /dev/nitro_enclaves.
	ResourceEnclaves = "aws.ec2.nitro/nitro_enclaves"
	// ResourceEnclaveCPUs counts the CPUs that are set aside for enclaves. The
	// plugin advertises it only when ENCLAVE_CPU_ADVERTISEMENT is true.
	ResourceEnclaveCPUs = "aws.ec2.nitro/nitro_enclaves_cpus"
	// ResourceHugepagesPrefix is followed by a page size: "hugepages-1Gi".
	ResourceHugepagesPrefix = "hugepages-"
)

// MaxEnclavesPerNode is EC2's limit of enclaves on one parent instance, and the
// most that the device plugin advertises.
const MaxEnclavesPerNode = 4

// Node labels and the taint of enclave nodes.
const (
	// NodeLabel selects enclave nodes. It is the key that AWS's own device
	// plugin manifest selects on, so that both can live in one cluster.
	NodeLabel = "aws-nitro-enclaves-k8s-dp"
	// NodeLabelValue is the value of NodeLabel on enclave nodes.
	NodeLabelValue = "enabled"
	// NodeGroupLabel tells the nodes of one EnclaveNodeGroup from those of
	// another: they differ in slots and page sizes, and a device plugin offers
	// the same number of slots on all its nodes. Its value is the group's name.
	NodeGroupLabel = "containment-chamber.io/node-group"
	// NodeLabelNotReady is the value of NodeLabel on a node that has not what was
	// promised: kubelet can override a label, and cannot leave it out.
	NodeLabelNotReady = "not-ready"
	// NotReadyTaintKey taints such a node. Its value is the reason, and nothing
	// tolerates it.
	NotReadyTaintKey = "containment-chamber.io/not-ready"
	// TaintKey keeps pods without a toleration off enclave nodes: what an
	// enclave node has left for ordinary pods is little and not what its
	// instance type suggests.
	TaintKey = "containment-chamber.io/enclave"
	// TaintValue is the value of the taint.
	TaintValue = "true"
	// TaintEffect is the effect of the taint in Kubernetes's spelling.
	TaintEffect = "NoSchedule"
)

// Labels of the chamber's objects, as Kubernetes recommends them. The first is
// what the upstream guide selects pods by.
const (
	LabelName      = "app.kubernetes.io/name"
	LabelInstance  = "app.kubernetes.io/instance"
	LabelComponent = "app.kubernetes.io/component"
	LabelManagedBy = "app.kubernetes.io/managed-by"

	// AppName is the value of LabelName on a chamber's objects and pods.
	AppName = "containment-chamber"
	// DevicePluginName is the value of LabelName on the device plugin's objects.
	DevicePluginName = "aws-nitro-enclaves-k8s-device-plugin"
	// ManagedBy is the value of LabelManagedBy on everything this library makes.
	ManagedBy = "pulumi"
)

// SeccompProfile is the path of the node's seccomp profile for chamber pods,
// relative to kubelet's seccomp folder (/var/lib/kubelet/seccomp). containerd's
// default profile refuses AF_VSOCK sockets, without which the supervisor cannot
// talk to its enclave.
const SeccompProfile = "profiles/containment-chamber.json"

// SeccompRoot is kubelet's seccomp folder on EKS nodes.
const SeccompRoot = "/var/lib/kubelet/seccomp"
