package components

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var (
	aliasPattern    = regexp.MustCompile(`^al2023@v[0-9]{8}$`)
	durationPattern = regexp.MustCompile(`^(([0-9]+(s|m|h))+|Never)$`)
	budgetPattern   = regexp.MustCompile(`^((100|[0-9]{1,2})%|[0-9]+)$`)
	groupPattern    = regexp.MustCompile(`^sg-[0-9a-z]+$`)
)

// maxSelectorTerms is EC2NodeClass's limit of subnets and of security groups.
const maxSelectorTerms = 30

// checkKarpenter validates what only Karpenter's nodes have, by the rules of its
// CRDs, and refuses what only managed node groups have.
func (a *EnclaveNodeGroupArgs) checkKarpenter(c *checks) {
	k := a.Karpenter
	a.checkUnmanaged(c)
	c.required("maxSize", a.MaxSize != nil, "say how many nodes Karpenter may start at the most")
	switch {
	case k.AMIAlias != nil && a.AMIID != nil:
		c.faults.Add("karpenter.amiAlias", nil, "clashes with amiId", "leave one of them out")
	case a.AMIID == nil:
		c.required("karpenter.amiAlias", k.AMIAlias != nil, "pin a release of EKS's AMI, such as al2023@v20260724, or give amiId")
	}
	c.text("karpenter.amiAlias", k.AMIAlias, amiAlias)
	c.text("karpenter.consolidateAfter", k.ConsolidateAfter, duration("5m"))
	c.text("karpenter.expireAfter", k.ExpireAfter, duration("720h"))
	c.text("karpenter.disruptionBudget", k.DisruptionBudget, budget)
	c.number("karpenter.weight", k.Weight, 1, 100, "")
	a.checkSelectors(c)
	a.checkKarpenterNames(c)
}

// checkUnmanaged refuses arguments that would have no effect.
func (a *EnclaveNodeGroupArgs) checkUnmanaged(c *checks) {
	for _, p := range []struct {
		name  string
		given bool
		why   string
	}{
		{"desiredSize", a.DesiredSize != nil, "Karpenter starts as many nodes as pods need"},
		{"minSize", a.MinSize != nil, "Karpenter starts as many nodes as pods need"},
		{"ignoreDesiredSizeChanges", a.IgnoreDesiredSizeChanges, "there is no desired size to ignore"},
		{"clusterAutoscaler", a.ClusterAutoscaler, "a node has one autoscaler"},
		{"releaseVersion", a.ReleaseVersion != nil, "the release is part of karpenter.amiAlias"},
	} {
		if p.given {
			c.faults.Add(p.name, nil, "clashes with karpenter: "+p.why, "leave one of them out")
		}
	}
}

func (a *EnclaveNodeGroupArgs) checkSelectors(c *checks) {
	if a.Cluster != nil {
		cluster, _, err := known[Cluster](c.ctx, a.Cluster.ToClusterOutput())
		c.faults.Join("cluster", err)
		c.atMost("cluster.subnetIds", len(cluster.SubnetIDs))
	}
	if a.Karpenter.SecurityGroupIDs == nil {
		return
	}
	groups, ok, err := known[[]string](c.ctx, a.Karpenter.SecurityGroupIDs.ToStringArrayOutput())
	c.faults.Join("karpenter.securityGroupIds", err)
	c.atMost("karpenter.securityGroupIds", len(groups))
	if ok && len(groups) == 0 {
		c.faults.Add("karpenter.securityGroupIds", nil, "must not be empty", "leave it out for the cluster's own")
	}
	for i, id := range groups {
		if !groupPattern.MatchString(id) {
			c.faults.Add(fmt.Sprintf("karpenter.securityGroupIds[%d]", i), id, "is not the id of a security group", "write it as sg-0123456789abcdef0")
		}
	}
}

func (c *checks) atMost(property string, count int) {
	if count > maxSelectorTerms {
		c.faults.Add(property, nil, fmt.Sprintf("are %d, and Karpenter takes %d", count, maxSelectorTerms), "name fewer")
	}
}

// checkKarpenterNames leaves Karpenter's own labels and tags to Karpenter.
func (a *EnclaveNodeGroupArgs) checkKarpenterNames(c *checks) {
	labels, _, err := known[map[string]string](c.ctx, mapOr(a.Labels).ToStringMapOutput())
	c.faults.Join("labels", err)
	for _, key := range sortedKeys(labels) {
		domain, _, _ := strings.Cut(key, "/")
		if strings.HasSuffix(domain, "karpenter.sh") || strings.HasSuffix(domain, "karpenter.k8s.aws") || key == "kubernetes.io/hostname" {
			c.faults.Add("labels."+key, labels[key], "is set by Karpenter", "leave it out")
		}
	}
	tags, _, err := known[map[string]string](c.ctx, mapOr(a.Tags).ToStringMapOutput())
	c.faults.Join("tags", err)
	for _, key := range sortedKeys(tags) {
		if key == "" || reservedTag(key) {
			c.faults.Add("tags."+key, tags[key], "is set by Karpenter or EKS", "leave it out")
		}
	}
}

// reservedTag tells whether the CRD of EC2NodeClass refuses a tag.
func reservedTag(key string) bool {
	switch key {
	case "eks:eks-cluster-name", "karpenter.sh/nodepool", "karpenter.sh/nodeclaim", "karpenter.k8s.aws/ec2nodeclass":
		return true
	}
	return strings.HasPrefix(key, "kubernetes.io/cluster")
}

// amiAlias is a rule for text: a pinned release of Amazon Linux 2023.
func amiAlias(v string) (broken, wayOut string) {
	switch {
	case strings.HasSuffix(v, "@latest"):
		return "moves: nodes would be replaced whenever AWS releases an AMI", "pin a release, such as al2023@v20260724"
	case !aliasPattern.MatchString(v):
		return "is not a release of EKS's Amazon Linux 2023 AMI", "write it as al2023@v20260724"
	}
	return "", ""
}

// duration is a rule for text: a duration as Karpenter's CRDs have it.
func duration(example string) func(string) (string, string) {
	return func(v string) (string, string) {
		if !durationPattern.MatchString(v) {
			return "is not a duration", "write it as " + example + ", or Never"
		}
		return "", ""
	}
}

// budget is a rule for text: a number of nodes, or a share of them.
func budget(v string) (broken, wayOut string) {
	if !budgetPattern.MatchString(v) {
		return "is neither a number of nodes nor a share of them", "write it as 1 or 10%"
	}
	return "", ""
}

// karpenterScaling is the number of nodes that Karpenter may start: none until a pod
// needs one.
func (a *EnclaveNodeGroupArgs) karpenterScaling() pulumi.Output {
	return intOr(a.MaxSize, 1).ToIntOutput().ApplyT(func(high int) scaling { return scaling{high: high} })
}
