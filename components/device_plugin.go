package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var _ infer.Annotated = (*DevicePlugin)(nil)

// DevicePlugin runs AWS's Nitro Enclaves device plugin on enclave nodes: it
// offers enclave slots and enclave CPUs to the scheduler and mounts the device
// into pods that ask for a slot. Each group of enclave nodes has one of its own,
// since a plugin offers the same number of slots on all its nodes.
type DevicePlugin struct {
	pulumi.ResourceState

	// DaemonSetName is the name of the DaemonSet.
	DaemonSetName pulumi.StringOutput `pulumi:"daemonSetName"`
	// Namespace is the namespace of the DaemonSet.
	Namespace pulumi.StringOutput `pulumi:"namespace"`
	// Image is the image that runs.
	Image pulumi.StringOutput `pulumi:"image"`
}

// Annotate describes the component in the schema.
func (d *DevicePlugin) Annotate(a infer.Annotator) {
	a.Describe(&d, "AWS's Nitro Enclaves device plugin on the enclave nodes, pinned, with enclave CPUs advertised and as many slots as the nodes really have.")
	a.Describe(&d.DaemonSetName, "Name of the DaemonSet.")
	a.Describe(&d.Namespace, "Namespace of the DaemonSet.")
	a.Describe(&d.Image, "Image that runs.")
}

// NewDevicePlugin creates a DevicePlugin. It returns all faults of its arguments
// together, before anything is registered.
func NewDevicePlugin(ctx *pulumi.Context, name string, args *DevicePluginArgs, opts ...pulumi.ResourceOption) (*DevicePlugin, error) {
	if args == nil {
		args = &DevicePluginArgs{}
	}
	if err := args.check(ctx, name); err != nil {
		return nil, err
	}
	plugin := &DevicePlugin{}
	if err := ctx.RegisterComponentResource(tokenPrefix+"DevicePlugin", name, plugin, opts...); err != nil {
		return nil, err
	}
	daemonSet, err := newDevicePluginDaemonSet(ctx, name, args, pulumi.Parent(plugin))
	if err != nil {
		return nil, err
	}
	plugin.DaemonSetName = daemonSet.Metadata.Name().Elem()
	plugin.Namespace = daemonSet.Metadata.Namespace().Elem()
	plugin.Image = stringOr(args.Image, defaultDevicePluginImage).ToStringOutput()
	return plugin, ctx.RegisterResourceOutputs(plugin, pulumi.Map{
		"daemonSetName": plugin.DaemonSetName,
		"namespace":     plugin.Namespace,
		"image":         plugin.Image,
	})
}

func (d *DevicePluginArgs) check(ctx *pulumi.Context, name string) error {
	c := &checks{ctx: ctx}
	c.capacity(d.Capacity)
	c.text("namespace", d.Namespace, dnsLabel)
	c.text("image", d.Image, pinnedImage)
	c.text("name", pulumi.String(name), dnsLabel)
	return c.err("device plugin", name)
}
