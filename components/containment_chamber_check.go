package components

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/signerconfig"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// check validates all that is known and reports every fault at once.
func (a *ContainmentChamberArgs) check(ctx *pulumi.Context, name string) error {
	c := &checks{ctx: ctx}
	c.text("name", pulumi.String(name), shortName)
	if c.capacity(a.Capacity) {
		a.checkRollout(c)
	}
	a.checkScale(c)
	a.checkImage(c)
	a.checkConfig(c)
	a.checkNetwork(c)
	return c.err("containment chamber", name)
}

// checkRollout also refuses more pods than the nodes have slots for.
func (a *ContainmentChamberArgs) checkRollout(c *checks) {
	r, ok, err := known[rollout](c.ctx, a.rollout())
	c.faults.Join("replicas", err)
	if ok {
		c.faults.Join("replicas", r.err)
	}
}

func (a *ContainmentChamberArgs) checkScale(c *checks) {
	c.number("drainSeconds", a.DrainSeconds, contract.SignerDrainSeconds, 3600, "the signer itself finishes requests for 25 seconds")
	c.number("targetCpuUtilization", a.TargetCPUUtilization, 1, 1000, "")
	c.text("namespace", a.Namespace, dnsLabel)
	if a.TargetCPUUtilization != nil && a.MaxReplicas == nil {
		c.faults.Add("targetCpuUtilization", nil, "has no effect without maxReplicas", "give maxReplicas too")
	}
	if a.MaxReplicas == nil {
		return
	}
	sizes, ok, err := known[[]any](c.ctx, pulumi.All(intOr(a.Replicas, defaultReplicas), a.MaxReplicas))
	c.faults.Join("maxReplicas", err)
	if ok && sizes[1].(int) < sizes[0].(int) {
		c.faults.Add("maxReplicas", sizes[1], "must not be below replicas", "raise it or lower replicas")
	}
}

func (a *ContainmentChamberArgs) checkImage(c *checks) {
	if a.Tag == nil && a.Digest == nil {
		c.required("tag", false, "pin a release, such as v1.5.0, or give digest")
	}
	c.text("image", a.Image, repository)
	c.text("tag", a.Tag, imageTag)
	c.text("digest", a.Digest, imageDigest)
}

func (a *ContainmentChamberArgs) checkConfig(c *checks) {
	c.text("enclaveSelector", a.EnclaveSelector, oneOf(signerconfig.TEE, signerconfig.KeySource, signerconfig.None))
	if !c.required("config", a.Config != nil, "give the signer's configuration: network, key sources, state") {
		return
	}
	rendered, ok, err := known[renderedConfig](c.ctx, a.renderConfig())
	c.faults.Join("config", err)
	if ok {
		c.faults.Join("config", rendered.err)
	}
}

func (a *ContainmentChamberArgs) checkNetwork(c *checks) {
	c.text("serviceType", a.ServiceType, oneOf("ClusterIP", "LoadBalancer"))
	c.text("serviceAccountRoleArn", a.ServiceAccountRoleARN, arn)
	c.text("region", a.Region, awsRegion)
	if a.Egress == nil {
		return
	}
	endpoints, ok, err := known[[]string](c.ctx, a.Egress.ToStringArrayOutput())
	c.faults.Join("egress", err)
	for _, endpoint := range endpoints {
		if _, err := parseEndpoint(endpoint); ok && err != nil {
			c.faults.Add("egress", c.shown(a.Egress.ToStringArrayOutput(), endpoint), err.Error(), "write host:port, such as db.example.com:5432")
		}
	}
}

// shortName is a rule for text: what child names can be made of.
func shortName(v string) (broken, wayOut string) {
	if broken, wayOut = dnsLabel(v); broken == "" && len(v) > 50 {
		return "is too long for the names that are made of it", "use at most 50 characters"
	}
	return broken, wayOut
}

// repository is a rule for text: an image name without tag and digest.
func repository(v string) (broken, wayOut string) {
	if v == "" {
		return "must not be empty", "leave it out for " + contract.DefaultImage
	}
	if strings.Contains(v, "@") || strings.LastIndex(v, ":") > strings.LastIndex(v, "/") {
		return "has a tag or a digest in it", "give them as tag and digest"
	}
	return "", ""
}
