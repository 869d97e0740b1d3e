// A chamber on a node that is there already: its capacity is written down by hand. The
// demo runs it on a real node. It uses the component as programs in other languages do,
// by its token.
package main

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/enclavenode/shape"
)

type chamber struct {
	pulumi.ResourceState

	Image           pulumi.StringOutput `pulumi:"image"`
	Namespace       pulumi.StringOutput `pulumi:"namespace"`
	RolloutStrategy pulumi.StringOutput `pulumi:"rolloutStrategy"`
}

type provider struct{ pulumi.ProviderResourceState }

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cfg := config.New(ctx, "")
		var node provider
		err := ctx.RegisterResource("pulumi:providers:kubernetes", "node", pulumi.Map{"kubeconfig": pulumi.String(cfg.Require("kubeconfig"))}, &node)
		if err != nil {
			return err
		}
		var signer chamber
		err = ctx.RegisterRemoteComponentResource("containment-chamber:index:ContainmentChamber", "chamber", pulumi.Map{
			"capacity": pulumi.Map{
				"slots": pulumi.Int(shape.Slots), "nodes": pulumi.Int(1),
				"enclaveCpus": pulumi.Int(shape.EnclaveCPUs), "enclaveMemoryMib": pulumi.Int(shape.EnclaveMiB),
				"enclaveHugepages": pulumi.Map{"hugepages-2Mi": pulumi.Sprintf("%dMi", shape.EnclaveMiB)},
				"taintKey":         pulumi.String(shape.TaintKey), "taintValue": pulumi.String(shape.TaintValue),
				"taintEffect": pulumi.String(shape.TaintEffect),
			},
			"tag":                   pulumi.String(cfg.Require("tag")),
			"replicas":              pulumi.Int(1),
			"region":                pulumi.String(cfg.Require("region")),
			"serviceAccountRoleArn": pulumi.String(shape.Role),
			"hostMemory":            pulumi.String(shape.HostMemory),
			"config":                signerConfig(cfg),
		}, &signer, pulumi.Providers(&node))
		if err != nil {
			return err
		}
		ctx.Export("namespace", signer.Namespace)
		ctx.Export("image", signer.Image)
		ctx.Export("rolloutStrategy", signer.RolloutStrategy)
		return nil
	})
}

// signerConfig is a secret, as JSON.
func signerConfig(cfg *config.Config) pulumi.MapOutput {
	return cfg.RequireSecret("signer").ApplyT(func(text string) (map[string]any, error) {
		var values map[string]any
		return values, json.Unmarshal([]byte(text), &values)
	}).(pulumi.MapOutput)
}
