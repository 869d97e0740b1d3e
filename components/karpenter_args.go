package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var _ infer.Annotated = (*Karpenter)(nil)

// Karpenter makes Karpenter, and not a managed node group, start the nodes.
type Karpenter struct {
	AMIAlias         pulumi.StringInput      `pulumi:"amiAlias,optional"`
	InstanceTypes    pulumi.StringArrayInput `pulumi:"instanceTypes,optional"`
	SecurityGroupIDs pulumi.StringArrayInput `pulumi:"securityGroupIds,optional"`
	ConsolidateAfter pulumi.StringInput      `pulumi:"consolidateAfter,optional"`
	ExpireAfter      pulumi.StringInput      `pulumi:"expireAfter,optional"`
	DisruptionBudget pulumi.StringInput      `pulumi:"disruptionBudget,optional"`
	Weight           pulumi.IntInput         `pulumi:"weight,optional"`
	// SkipVersionCheck is plain, because it decides about a read.
	SkipVersionCheck bool `pulumi:"skipVersionCheck,optional"`
}

// Defaults of Karpenter.
const (
	defaultConsolidateAfter = "5m"
	// Expiry ends a node whether its enclaves sign or not, and before there is
	// another. A pinned AMI is renewed by a new alias, which waits for both.
	defaultExpireAfter      = "Never"
	defaultDisruptionBudget = "1"
)

// Annotate describes the type in the schema.
func (k *Karpenter) Annotate(a infer.Annotator) {
	a.Describe(&k, "Makes Karpenter start the nodes, when pods need them: EC2NodeClass, NodePool and NodeOverlays. Needs Karpenter 1.15 or newer with the feature gate NodeOverlay (Helm: settings.featureGates.nodeOverlay=true).")
	a.Describe(&k.AMIAlias, "Pinned release of EKS's Amazon Linux 2023 AMI, such as al2023@v20260724. Required unless amiId is given.")
	a.Describe(&k.InstanceTypes, "Further instance types of the pool, for when EC2 has none of instanceType: of the same architecture, and large enough for the same enclaves.")
	a.Describe(&k.SecurityGroupIDs, "Security groups of the nodes. Default: the cluster's own.")
	a.Describe(&k.ConsolidateAfter, "How long a node must be without pods before it is removed, such as 10m, or Never. Nodes with a chamber are not consolidated. Default 5m.")
	a.Describe(&k.ExpireAfter, "Age at which a node is ended whatever runs on it, such as 720h. Default Never.")
	a.Describe(&k.DisruptionBudget, "How many nodes may be replaced at a time, as a number or in per cent. Default 1.")
	a.Describe(&k.Weight, "Weight of the NodePool, 1 to 100: pools with more are tried first.")
	a.Describe(&k.SkipVersionCheck, "Do not look for Karpenter 1.15's definition of EC2NodeClass in the cluster first. For programs that install Karpenter themselves: before they have run there is nothing to see. Whether the API server keeps enclaveOptions is checked all the same.")
}
