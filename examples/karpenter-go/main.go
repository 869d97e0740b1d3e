// Containment Chamber on nodes that Karpenter starts when pods need them, and
// removes when they are empty.
package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cfg := config.New(ctx, "")

		nodes, err := components.NewEnclaveNodeGroup(ctx, "enclaves", &components.EnclaveNodeGroupArgs{
			Cluster:          components.ClusterFromName(pulumi.String(cfg.Require("clusterName"))),
			InstanceType:     pulumi.String("m5.2xlarge"),
			EnclaveCPUs:      pulumi.Int(2),
			EnclaveMemoryMiB: pulumi.Int(1024),
			EnclavesPerNode:  pulumi.Int(3),
			MaxSize:          pulumi.Int(3), // one more than the pods need, for replacing nodes
			Karpenter: &components.Karpenter{
				AMIAlias:      pulumi.String(cfg.Require("amiAlias")),
				InstanceTypes: pulumi.ToStringArray([]string{"m6i.2xlarge"}),
			},
		})
		if err != nil {
			return err
		}

		// Karpenter starts instances with the nodes' role, which it must be allowed to.
		if _, err := iam.NewRolePolicy(ctx, "karpenter-passes-node-role", &iam.RolePolicyArgs{
			Role:   pulumi.String(cfg.Require("karpenterRole")),
			Policy: nodes.KarpenterPolicy,
		}); err != nil {
			return err
		}

		plugin, err := components.NewDevicePlugin(ctx, "nitro-device-plugin", &components.DevicePluginArgs{
			Capacity: nodes.Capacity,
		}, pulumi.DependsOn([]pulumi.Resource{nodes}))
		if err != nil {
			return err
		}

		chamber, err := components.NewContainmentChamber(ctx, "chamber", &components.ContainmentChamberArgs{
			Capacity: nodes.Capacity,
			Tag:      pulumi.String(cfg.Require("tag")),
			Replicas: pulumi.Int(cfg.RequireInt("replicas")),
			Config: pulumi.Map{
				"network":       pulumi.String("hoodi"),
				"key_sources":   pulumi.Map{"dynamodb": pulumi.Map{"table": pulumi.String("containment-keys")}},
				"signer_state":  pulumi.Map{"backend": pulumi.String("dynamodb"), "table": pulumi.String("containment-state")},
				"anti_slashing": pulumi.Map{"backend": pulumi.String("dynamodb")},
			},
		}, pulumi.DependsOn([]pulumi.Resource{plugin}))
		if err != nil {
			return err
		}

		ctx.Export("nodePool", nodes.NodePoolName)
		ctx.Export("endpoint", chamber.Endpoint)
		ctx.Export("rolloutStrategy", chamber.RolloutStrategy)
		return nil
	})
}
