package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// handWritten is the capacity of nodes that the user made: two nodes of two slots.
func handWritten() CapacityArgs {
	return CapacityArgs{
		Slots:            pulumi.Int(2),
		Nodes:            pulumi.Int(2),
		EnclaveCPUs:      pulumi.Int(2),
		EnclaveMemoryMiB: pulumi.Int(1024),
		EnclaveHugepages: pulumi.ToStringMap(map[string]string{"hugepages-1Gi": "1Gi"}),
		TaintKey:         pulumi.StringPtr("containment-chamber.io/enclave"),
		TaintValue:       pulumi.StringPtr("true"),
		TaintEffect:      pulumi.StringPtr("NoSchedule"),
	}
}

func TestHandWrittenCapacityFaults(t *testing.T) {
	bad := CapacityArgs{
		Slots: pulumi.Int(5), Nodes: pulumi.Int(-1), MaxNodes: pulumi.IntPtr(-2),
		EnclaveCPUs: pulumi.Int(0), EnclaveMemoryMiB: pulumi.Int(32),
		EnclaveHugepages: pulumi.ToStringMap(map[string]string{"memory": "1Gi"}),
	}
	resources, err := run(t, func(ctx *pulumi.Context) error {
		_, err := NewDevicePlugin(ctx, "plugin", &DevicePluginArgs{Capacity: bad, Image: pulumi.String("registry/plugin:latest"), Namespace: pulumi.String("Kube_System")})
		return err
	})
	expectFaults(t, err, resources, []string{
		"capacity.slots (5)", "capacity.nodes (-1)", "capacity.maxNodes (-2)", "capacity.enclaveCpus (0)",
		"capacity.enclaveMemoryMib (32)", `capacity.enclaveHugepages ("memory")`, `image ("registry/plugin:latest"): moves`, `namespace ("Kube_System")`,
	})
}

func TestDevicePluginChildren(t *testing.T) {
	for file, change := range map[string]func(*DevicePluginArgs){
		"plugin-minimal.json": func(*DevicePluginArgs) {},
		"plugin-full.json": func(a *DevicePluginArgs) {
			a.Namespace = pulumi.String("enclave-system")
			a.Image = pulumi.String("images.example.com/plugin@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
			a.PullSecrets = pulumi.ToStringArray([]string{"registry"})
			a.PriorityClassName = pulumi.String("infrastructure")
			a.Capacity = CapacityArgs{
				Slots: pulumi.Int(4), Nodes: pulumi.Int(1), EnclaveCPUs: pulumi.Int(2), EnclaveMemoryMiB: pulumi.Int(512),
				EnclaveHugepages: pulumi.ToStringMap(map[string]string{"hugepages-2Mi": "512Mi"}),
				NodeLabels:       pulumi.ToStringMap(map[string]string{"pool": "enclaves"}),
			}
		},
	} {
		t.Run(file, func(t *testing.T) {
			args := &DevicePluginArgs{Capacity: handWritten()}
			change(args)
			resources, err := run(t, func(ctx *pulumi.Context) error {
				_, err := NewDevicePlugin(ctx, "plugin", args)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, file, resources)
		})
	}
}
