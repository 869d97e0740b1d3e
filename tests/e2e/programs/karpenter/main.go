// A program whose nodes Karpenter starts. It uses the components through the plugin,
// as programs in other languages do; but for the transform in kwok.go it is what a
// user would write.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// component is a component of the plugin, as untyped as can be.
type component struct {
	pulumi.ResourceState

	Capacity        pulumi.MapOutput    `pulumi:"capacity"`
	NodePoolName    pulumi.StringOutput `pulumi:"nodePoolName"`
	KarpenterPolicy pulumi.StringOutput `pulumi:"karpenterPolicy"`
}

const token = "containment-chamber:index:"

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cfg := config.New(ctx, "")
		var nodes, spare component
		if err := ctx.RegisterRemoteComponentResource(token+"EnclaveNodeGroup", "enclaves", enclaves(), &nodes,
			pulumi.Transforms([]pulumi.ResourceTransform{onKwok(cfg.Get("overlayTimeout"))})); err != nil {
			return err
		}
		if err := ctx.RegisterRemoteComponentResource(token+"EnclaveNodeGroup", "spares", spares(), &spare,
			pulumi.Transforms([]pulumi.ResourceTransform{onKwok(cfg.Get("overlayTimeout"))})); err != nil {
			return err
		}
		ctx.Export("capacity", nodes.Capacity)
		ctx.Export("nodePool", nodes.NodePoolName)
		ctx.Export("karpenterPolicy", nodes.KarpenterPolicy)
		if replicas := cfg.RequireInt("replicas"); replicas > 0 {
			return chamber(ctx, &nodes, replicas)
		}
		return nil // Karpenter has no reason for a node
	})
}

func enclaves() pulumi.Map {
	return pulumi.Map{
		"cluster":          pulumi.Map{"name": pulumi.String("demo")},
		"instanceType":     pulumi.String("m5.2xlarge"),
		"enclaveCpus":      pulumi.Int(2),
		"enclaveMemoryMib": pulumi.Int(1024),
		"enclavesPerNode":  pulumi.Int(2),
		"maxSize":          pulumi.Int(2),
		"karpenter": pulumi.Map{
			"amiAlias":         pulumi.String("al2023@v20260724"),
			"instanceTypes":    pulumi.ToStringArray([]string{"m6i.2xlarge"}),
			"consolidateAfter": pulumi.String("2s"),
			"disruptionBudget": pulumi.String("100%"), // empty nodes go all at once
		},
	}
}

// spares is a second pool with every option, for the API server to judge.
func spares() pulumi.Map {
	return pulumi.Map{
		"cluster":          pulumi.Map{"name": pulumi.String("demo"), "subnetIds": pulumi.ToStringArray([]string{"subnet-0a", "subnet-0b"})},
		"instanceType":     pulumi.String("c6g.2xlarge"),
		"enclaveCpus":      pulumi.Int(1),
		"enclaveMemoryMib": pulumi.Int(768),
		"enclavesPerNode":  pulumi.Int(4),
		"reservation":      pulumi.String("direct"),
		"pageSize":         pulumi.String("32Mi"),
		"maxSize":          pulumi.Int(1),
		"capacityType":     pulumi.String("SPOT"),
		"nodeRoleArn":      pulumi.String("arn:aws:iam::123456789012:role/nodes/own"),
		"amiId":            pulumi.String("ami-0123456789abcdef0"),
		"labels":           pulumi.ToStringMap(map[string]string{"team": "staking"}),
		"tags":             pulumi.ToStringMap(map[string]string{"cost": "validators"}),
		"diskSizeGib":      pulumi.Int(50),
		"diskKmsKeyId":     pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"),
		"metadataHopLimit": pulumi.Int(2),
		"karpenter": pulumi.Map{
			"securityGroupIds": pulumi.ToStringArray([]string{"sg-0a"}),
			"consolidateAfter": pulumi.String("Never"),
			"expireAfter":      pulumi.String("720h"),
			"disruptionBudget": pulumi.String("10%"),
			"weight":           pulumi.Int(7),
		},
	}
}

func chamber(ctx *pulumi.Context, nodes *component, replicas int) error {
	var plugin, signer component
	if err := ctx.RegisterRemoteComponentResource(token+"DevicePlugin", "nitro-device-plugin", pulumi.Map{
		"capacity": nodes.Capacity,
	}, &plugin, pulumi.DependsOn([]pulumi.Resource{nodes})); err != nil {
		return err
	}
	return ctx.RegisterRemoteComponentResource(token+"ContainmentChamber", "chamber", pulumi.Map{
		"capacity":     nodes.Capacity,
		"tag":          pulumi.String("v1.5.0"),
		"replicas":     pulumi.Int(replicas),
		"doNotDisrupt": pulumi.Bool(true),
		"config": pulumi.Map{
			"key_sources":  pulumi.Map{"dynamodb": pulumi.Map{"table": pulumi.String("keys")}},
			"signer_state": pulumi.Map{"backend": pulumi.String("dynamodb")},
		},
	}, &signer, pulumi.DependsOn([]pulumi.Resource{&plugin}))
}
