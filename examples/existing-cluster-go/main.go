// Containment Chamber on enclave nodes of an EKS cluster that exists already.
//
// The kubernetes provider uses the kubeconfig in use; the aws provider the
// credentials and the region in use.
package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cfg := config.New(ctx, "")

		nodes, err := components.NewEnclaveNodeGroup(ctx, "enclaves", &components.EnclaveNodeGroupArgs{
			Cluster:          components.ClusterFromName(pulumi.String(cfg.Require("clusterName"))),
			InstanceType:     pulumi.String(cfg.Require("instanceType")),
			EnclaveCPUs:      pulumi.Int(2),
			EnclaveMemoryMiB: pulumi.Int(1024),
			EnclavesPerNode:  pulumi.Int(cfg.RequireInt("enclavesPerNode")),
			DesiredSize:      pulumi.Int(cfg.RequireInt("nodes")),
		})
		if err != nil {
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
			Region:   aws.GetRegionOutput(ctx, aws.GetRegionOutputArgs{}).Name(),
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

		ctx.Export("capacity", nodes.Capacity)
		ctx.Export("nodeGroup", nodes.NodeGroupName)
		ctx.Export("namespace", chamber.Namespace)
		ctx.Export("endpoint", chamber.Endpoint)
		ctx.Export("tlsEndpoint", chamber.TLSEndpoint)
		ctx.Export("image", chamber.Image)
		ctx.Export("rolloutStrategy", chamber.RolloutStrategy)
		return nil
	})
}
