// An EKS cluster with enclave nodes and Containment Chamber on them, all in one
// `pulumi up`.
package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-eks/sdk/v3/go/eks"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cfg := config.New(ctx, "")

		cluster, err := eks.NewCluster(ctx, "chamber", &eks.ClusterArgs{
			SkipDefaultNodeGroup: new(true),
			CreateOidcProvider:   pulumi.Bool(true),
		})
		if err != nil {
			return err
		}

		nodes, err := components.NewEnclaveNodeGroup(ctx, "enclaves", &components.EnclaveNodeGroupArgs{
			Cluster:          components.ClusterFromEKS(cluster),
			InstanceType:     pulumi.String("m5.xlarge"),
			EnclaveCPUs:      pulumi.Int(2),
			EnclaveMemoryMiB: pulumi.Int(1024),
			DesiredSize:      pulumi.Int(2),
		})
		if err != nil {
			return err
		}

		// Everything from here on lives in the new cluster. The components do not
		// start before the nodes are there.
		provider, err := kubernetes.NewProvider(ctx, "chamber", &kubernetes.ProviderArgs{
			Kubeconfig: cluster.KubeconfigJson,
		})
		if err != nil {
			return err
		}

		plugin, err := components.NewDevicePlugin(ctx, "nitro-device-plugin", &components.DevicePluginArgs{
			Capacity: nodes.Capacity,
		}, pulumi.Providers(provider), pulumi.DependsOn([]pulumi.Resource{nodes}))
		if err != nil {
			return err
		}

		chamber, err := components.NewContainmentChamber(ctx, "signer", &components.ContainmentChamberArgs{
			Capacity: nodes.Capacity,
			Tag:      pulumi.String(cfg.Require("tag")),
			Replicas: pulumi.Int(cfg.RequireInt("replicas")),
			Region:   aws.GetRegionOutput(ctx, aws.GetRegionOutputArgs{}).Name(),
			Config: pulumi.Map{
				"network":      pulumi.String("hoodi"),
				"key_sources":  pulumi.Map{"dynamodb": pulumi.Map{"table": pulumi.String("containment-keys")}},
				"signer_state": pulumi.Map{"backend": pulumi.String("dynamodb"), "table": pulumi.String("containment-state")},
			},
		}, pulumi.Providers(provider), pulumi.DependsOn([]pulumi.Resource{plugin}))
		if err != nil {
			return err
		}

		ctx.Export("kubeconfig", pulumi.ToSecret(cluster.KubeconfigJson))
		ctx.Export("capacity", nodes.Capacity)
		ctx.Export("endpoint", chamber.Endpoint)
		ctx.Export("rolloutStrategy", chamber.RolloutStrategy)
		return nil
	})
}
