// A program that uses the components as programs in other languages do: through
// the plugin, by token, with every option that makes a further resource.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// component is a component of the plugin, as untyped as can be.
type component struct {
	pulumi.ResourceState

	Capacity        pulumi.MapOutput    `pulumi:"capacity"`
	Endpoint        pulumi.StringOutput `pulumi:"endpoint"`
	RolloutStrategy pulumi.StringOutput `pulumi:"rolloutStrategy"`
}

type provider struct{ pulumi.ProviderResourceState }

const token = "containment-chamber:index:"

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		password := config.New(ctx, "").RequireSecret("password")
		options, err := providers(ctx)
		if err != nil {
			return err
		}
		var nodes, plugin, chamber component
		if err := ctx.RegisterRemoteComponentResource(token+"EnclaveNodeGroup", "nodes", pulumi.Map{
			"cluster":          pulumi.Map{"name": pulumi.String("demo")},
			"instanceType":     pulumi.String("c6g.2xlarge"),
			"enclaveCpus":      pulumi.Int(1),
			"enclaveMemoryMib": pulumi.Int(768),
			"enclavesPerNode":  pulumi.Int(4),
			"reservation":      pulumi.String("direct"),
			"desiredSize":      pulumi.Int(1),
			// Plain in the schema: it decides which resources there are.
			"clusterAutoscaler": pulumi.Bool(true),
		}, &nodes, options...); err != nil {
			return err
		}
		if err := ctx.RegisterRemoteComponentResource(token+"DevicePlugin", "plugin", pulumi.Map{
			"capacity": nodes.Capacity,
		}, &plugin, append(options, pulumi.DependsOn([]pulumi.Resource{&nodes}))...); err != nil {
			return err
		}
		if err := ctx.RegisterRemoteComponentResource(token+"ContainmentChamber", "signer", pulumi.Map{
			"capacity":              nodes.Capacity,
			"tag":                   pulumi.String("v1.5.0-nitro"),
			"digest":                pulumi.String("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
			"namespace":             pulumi.String("signers"),
			"replicas":              pulumi.Int(2),
			"maxReplicas":           pulumi.Int(3),
			"region":                pulumi.String("eu-central-1"),
			"egress":                pulumi.ToStringArray([]string{"db.example.com:5432"}),
			"serviceAccountRoleArn": pulumi.String("arn:aws:iam::123456789012:role/signer"),
			"clientNamespaces":      pulumi.ToStringArray([]string{"validators"}),
			"monitoringNamespaces":  pulumi.ToStringArray([]string{"monitoring"}),
			"serviceMonitor":        pulumi.Bool(true),
			"serviceMonitorLabels":  pulumi.ToStringMap(map[string]string{"release": "prometheus"}),
			"enclaveSelector":       pulumi.String("keySource"),
			"config": pulumi.Map{
				"key_sources":   pulumi.Map{"dynamodb": pulumi.Map{"table": pulumi.String("keys")}},
				"anti_slashing": pulumi.Map{"url": pulumi.Sprintf("postgres://signer:%s@db.example.com/slashing", password)},
			},
		}, &chamber, append(options, pulumi.DependsOn([]pulumi.Resource{&plugin}))...); err != nil {
			return err
		}
		ctx.Export("endpoint", chamber.Endpoint)
		ctx.Export("rolloutStrategy", chamber.RolloutStrategy)
		ctx.Export("capacity", nodes.Capacity)
		return nil
	})
}

// providers are explicit ones, and a transform that marks whatever it reaches.
func providers(ctx *pulumi.Context) ([]pulumi.ResourceOption, error) {
	var aws, kubernetes provider
	if err := ctx.RegisterResource("pulumi:providers:aws", "own-aws", pulumi.Map{"region": pulumi.String("eu-central-1")}, &aws); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResource("pulumi:providers:kubernetes", "own-kubernetes", pulumi.Map{}, &kubernetes); err != nil {
		return nil, err
	}
	return []pulumi.ResourceOption{
		pulumi.Providers(&aws, &kubernetes),
		pulumi.Transforms([]pulumi.ResourceTransform{mark}),
	}, nil
}
