// Package components deploys the Containment Chamber signer into AWS Nitro
// Enclaves on EKS.
//
// Three components make a deployment. EnclaveNodeGroup creates nodes whose CPUs
// and hugepages are set aside for enclaves, and says in its capacity output what
// they offer. DevicePlugin takes that capacity and offers it to Kubernetes'
// scheduler. ContainmentChamber takes it too, and runs signer pods that fit:
//
//	nodes, err := components.NewEnclaveNodeGroup(ctx, "enclaves", &components.EnclaveNodeGroupArgs{
//		Cluster:          components.ClusterFromName(pulumi.String("prod")),
//		InstanceType:     pulumi.String("m5.2xlarge"),
//		EnclaveCPUs:      pulumi.Int(2),
//		EnclaveMemoryMiB: pulumi.Int(1024),
//		EnclavesPerNode:  pulumi.Int(3),
//	})
//
// The same components are served to every Pulumi language by Provider.
//
// # Validation
//
// Constructors check every argument that is known before they register
// anything, and return all faults together; each names the property, the value,
// the rule and the way out. What a preview does not know yet, the update checks.
//
// # Providers
//
// Children inherit the providers of their component: pass pulumi.Providers with
// the aws and kubernetes providers of the cluster. The package itself has no
// configuration, so a preview works before the cluster exists.
//
// # Names
//
// The names of children are made of the component's and are part of the
// contract: renaming one replaces resources.
package components
