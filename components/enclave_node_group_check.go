package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// nodePlan is the checked part of the arguments, as outputs that are known
// whenever what they are made of is.
type nodePlan struct {
	sizing  pulumi.Output // sizing
	scaling pulumi.Output // scaling
}

// check validates all that is known and reports every fault at once.
func (a *EnclaveNodeGroupArgs) check(ctx *pulumi.Context, name string, opts []pulumi.ResourceOption) (nodePlan, error) {
	c := &checks{ctx: ctx}
	invokes, err := invokeOptions(ctx, "aws", opts)
	if err != nil {
		return nodePlan{}, err
	}
	plan := nodePlan{scaling: a.scaling()}
	c.text("name", pulumi.String(name), dnsLabel) // it becomes the value of a label
	a.checkCluster(c)
	if a.checkRequired(c) {
		plan.sizing = a.sizing(ctx, invokes)
		s, ok, err := known[sizing](ctx, plan.sizing)
		c.faults.Join("instanceType", err)
		if ok {
			c.faults.Join("instanceType", s.err)
		}
	}
	s, ok, err := known[scaling](ctx, plan.scaling)
	c.faults.Join("desiredSize", err)
	if ok {
		c.faults.Join("desiredSize", s.check())
	}
	a.checkNodes(c)
	if a.ClusterAutoscaler {
		a.checkAutoscaler(c, plan)
	}
	if a.Karpenter != nil {
		a.checkKarpenter(c)
	}
	return plan, c.err("enclave node group", name)
}

// checkRequired tells whether there is enough to size the nodes.
func (a *EnclaveNodeGroupArgs) checkRequired(c *checks) bool {
	before := len(c.faults)
	if c.required("instanceType", a.InstanceType != nil, "use an instance type with enclave support, such as m5.2xlarge") {
		c.text("instanceType", a.InstanceType, notEmpty("use an instance type with enclave support, such as m5.2xlarge"))
	}
	c.required("enclaveCpus", a.EnclaveCPUs != nil, "use 2 for a signer")
	c.required("enclaveMemoryMib", a.EnclaveMemoryMiB != nil, "use 1024 or 4 times the enclave image, whichever is more")
	return len(c.faults) == before
}

func (a *EnclaveNodeGroupArgs) checkCluster(c *checks) {
	if !c.required("cluster", a.Cluster != nil, "give the cluster's name, or ClusterFromEKS of a pulumi-eks cluster") {
		return
	}
	cluster, ok, err := known[Cluster](c.ctx, a.Cluster.ToClusterOutput())
	c.faults.Join("cluster", err)
	if !ok {
		return
	}
	if cluster.Name == "" {
		c.faults.Add("cluster.name", "", "must not be empty", "give the name of the EKS cluster")
	} else if broken, wayOut := clusterName(cluster.Name); broken != "" {
		c.faults.Add("cluster.name", cluster.Name, broken, wayOut)
	}
	if a.AMIID == nil || a.Karpenter != nil {
		return
	}
	const why = "a custom AMI (amiId) gets no configuration from EKS, so the node must be told; or leave amiId out"
	c.required("cluster.endpoint", deref(cluster.Endpoint) != "", why)
	c.required("cluster.certificateAuthority", deref(cluster.CertificateAuthority) != "", why)
	c.required("cluster.serviceIpv4Cidr", deref(cluster.ServiceIPv4CIDR) != "", why)
}

func (a *EnclaveNodeGroupArgs) checkNodes(c *checks) {
	c.text("capacityType", a.CapacityType, oneOf("ON_DEMAND", "SPOT"))
	c.number("diskSizeGib", a.DiskSizeGiB, 20, 16384, "EKS's AMI has a root volume of 20 GiB")
	c.number("metadataHopLimit", a.MetadataHopLimit, 1, 64, "")
	c.text("nodeRoleArn", a.NodeRoleARN, arn)
	if a.AMIID != nil && a.ReleaseVersion != nil && a.Karpenter == nil {
		c.faults.Add("releaseVersion", nil, "clashes with amiId: EKS takes no release of its own AMI together with another AMI", "leave one of them out")
	}
	labels, _, err := known[map[string]string](c.ctx, mapOr(a.Labels).ToStringMapOutput())
	c.faults.Join("labels", err)
	for _, key := range []string{contract.NodeLabel, contract.NodeGroupLabel} {
		if value, set := labels[key]; set {
			c.faults.Add("labels."+key, value, "is set by the component, since the device plugin and the chamber select on it", "leave it out")
		}
	}
}
