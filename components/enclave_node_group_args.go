package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var _ infer.Annotated = (*EnclaveNodeGroupArgs)(nil)

// EnclaveNodeGroupArgs are the arguments of NewEnclaveNodeGroup.
//
// Optional inputs are nil when they are not given. Everything that can be known
// is checked before anything is registered.
type EnclaveNodeGroupArgs struct {
	Cluster       ClusterInput       `pulumi:"cluster"`
	InstanceType  pulumi.StringInput `pulumi:"instanceType"`
	InstanceShape *InstanceShape     `pulumi:"instanceShape,optional"`

	EnclaveCPUs      pulumi.IntInput    `pulumi:"enclaveCpus"`
	EnclaveMemoryMiB pulumi.IntInput    `pulumi:"enclaveMemoryMib"`
	EnclavesPerNode  pulumi.IntInput    `pulumi:"enclavesPerNode,optional"`
	ImageSizeMiB     pulumi.IntInput    `pulumi:"imageSizeMib,optional"`
	Reservation      pulumi.StringInput `pulumi:"reservation,optional"`
	PageSize         pulumi.StringInput `pulumi:"pageSize,optional"`

	DesiredSize pulumi.IntInput `pulumi:"desiredSize,optional"`
	MinSize     pulumi.IntInput `pulumi:"minSize,optional"`
	MaxSize     pulumi.IntInput `pulumi:"maxSize,optional"`
	// IgnoreDesiredSizeChanges is plain, because it decides about a resource
	// option and not about a value.
	IgnoreDesiredSizeChanges bool `pulumi:"ignoreDesiredSizeChanges,optional"`
	// ClusterAutoscaler is plain, because it decides which resources there are.
	ClusterAutoscaler bool               `pulumi:"clusterAutoscaler,optional"`
	CapacityType      pulumi.StringInput `pulumi:"capacityType,optional"`
	// Karpenter is plain, because it decides which resources there are.
	Karpenter *Karpenter `pulumi:"karpenter,optional"`

	NodeRoleARN    pulumi.StringInput    `pulumi:"nodeRoleArn,optional"`
	AMIID          pulumi.StringInput    `pulumi:"amiId,optional"`
	ReleaseVersion pulumi.StringInput    `pulumi:"releaseVersion,optional"`
	Labels         pulumi.StringMapInput `pulumi:"labels,optional"`
	Tags           pulumi.StringMapInput `pulumi:"tags,optional"`

	DiskSizeGiB      pulumi.IntInput    `pulumi:"diskSizeGib,optional"`
	DiskKMSKeyID     pulumi.StringInput `pulumi:"diskKmsKeyId,optional"`
	MetadataHopLimit pulumi.IntInput    `pulumi:"metadataHopLimit,optional"`
}

// Defaults of EnclaveNodeGroupArgs.
const (
	defaultDiskSizeGiB = 30
	// One hop reaches the instance metadata from the node and not from pods: a
	// pod must not be able to take the node's role.
	defaultHopLimit = 1
)

// Annotate describes the arguments in the schema.
func (a *EnclaveNodeGroupArgs) Annotate(an infer.Annotator) {
	a.annotateEnclaves(an)
	a.annotateNodes(an)
}

func (a *EnclaveNodeGroupArgs) annotateEnclaves(an infer.Annotator) {
	an.Describe(&a.Cluster, "The EKS cluster that the nodes join. The name is enough for EKS's own AMIs.")
	an.Describe(&a.InstanceType, "The EC2 instance type. All nodes of a managed node group are of one type, since the number of enclaves depends on it; karpenter.instanceTypes adds others that hold as many.")
	an.Describe(&a.InstanceShape, "What the instance type brings, in place of what EC2 says: for whoever may not call DescribeInstanceTypes, or to correct the NUMA nodes, which EC2 does not publish.")
	an.Describe(&a.EnclaveCPUs, "CPUs of one enclave: a multiple of the threads per core. CPU 0's core stays with the host, so an xlarge with 4 vCPUs has 2 for enclaves.")
	an.Describe(&a.EnclaveMemoryMiB, "Memory of one enclave in MiB: at least 64, and 4 times the enclave image.")
	an.Describe(&a.EnclavesPerNode, "Enclaves that one node runs, 1 to 4. Default 1.")
	an.Describe(&a.ImageSizeMiB, "Size of the enclave image (EIF) in MiB. When given, the memory is checked against it.")
	an.Describe(&a.Reservation, `How CPUs and memory are set aside: "allocator" (default; AWS's package and service, which picks the page sizes) or "direct" (a unit of our own: one page size, no package, no network at boot).`)
	an.Describe(&a.PageSize, `Page size with reservation "direct": "1Gi", "2Mi", or on arm64 "32Mi". By default 1Gi where it divides the memory, else 2Mi.`)
}

func (a *EnclaveNodeGroupArgs) annotateNodes(an infer.Annotator) {
	an.Describe(&a.DesiredSize, "Number of nodes. Default: minSize, or 1. Not with karpenter.")
	an.Describe(&a.MinSize, "Lowest number of nodes. Default: desiredSize, or 1. Not with karpenter.")
	an.Describe(&a.MaxSize, "Highest number of nodes. Default: the higher of desiredSize and minSize. Required with karpenter.")
	an.Describe(&a.IgnoreDesiredSizeChanges, "Leave the number of nodes to an autoscaler: changes of desiredSize are ignored after the group has been created. Implied by clusterAutoscaler.")
	an.Describe(&a.ClusterAutoscaler, "Let Cluster Autoscaler scale the group between minSize, which may be 0, and maxSize: tags on the Auto Scaling group and on the node group tell it what a node offers before there is one. Implies ignoreDesiredSizeChanges, since Pulumi would undo what the autoscaler does. Default false.")
	an.Describe(&a.CapacityType, `"ON_DEMAND" (default) or "SPOT". When EC2 reclaims a spot instance, its enclaves end with it.`)
	an.Describe(&a.Karpenter, "Let Karpenter start the nodes when pods need them, instead of a managed node group.")
	an.Describe(&a.NodeRoleARN, "IAM role of the nodes. By default one is created with AWS's three policies for nodes. PCR3 of every enclave on these nodes is computed from this ARN. With karpenter a role of yours needs an EKS access entry of type EC2_LINUX; one that is created here gets it.")
	an.Describe(&a.AMIID, "A custom Amazon Linux 2023 AMI. EKS adds no configuration to it, so cluster must then have endpoint, certificateAuthority and serviceIpv4Cidr; Karpenter adds it.")
	an.Describe(&a.ReleaseVersion, "Pinned release of EKS's AMI, such as 1.33.3-20260724. Not together with amiId.")
	an.Describe(&a.Labels, "Further node labels.")
	an.Describe(&a.Tags, "AWS tags of the node group, the launch template, the instances and their volumes.")
	an.Describe(&a.DiskSizeGiB, "Size of the encrypted root volume in GiB. Default 30.")
	an.Describe(&a.DiskKMSKeyID, "KMS key (ARN) of the root volume. Default: the account's EBS key.")
	an.Describe(&a.MetadataHopLimit, "IMDSv2 hop limit. Default 1, which keeps pods from the node's credentials; 2 lets pods reach them.")
}
