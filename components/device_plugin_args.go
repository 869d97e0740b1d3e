package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var _ infer.Annotated = (*DevicePluginArgs)(nil)

// DevicePluginArgs are the arguments of NewDevicePlugin.
type DevicePluginArgs struct {
	Capacity          CapacityInput           `pulumi:"capacity"`
	Namespace         pulumi.StringInput      `pulumi:"namespace,optional"`
	Image             pulumi.StringInput      `pulumi:"image,optional"`
	PullSecrets       pulumi.StringArrayInput `pulumi:"pullSecrets,optional"`
	PriorityClassName pulumi.StringInput      `pulumi:"priorityClassName,optional"`
}

// Defaults of DevicePluginArgs.
const (
	// defaultDevicePluginImage has no "v" in its tag since 0.3.1.
	defaultDevicePluginImage = "public.ecr.aws/aws-nitro-enclaves/aws-nitro-enclaves-k8s-device-plugin:0.4.1"
	defaultSystemNamespace   = "kube-system"
	// defaultPriorityClass is that of AWS's manifest: without the plugin a node
	// offers no slots.
	defaultPriorityClass = "system-node-critical"
)

// Annotate describes the arguments in the schema.
func (d *DevicePluginArgs) Annotate(a infer.Annotator) {
	a.Describe(&d.Capacity, "What the nodes offer: the capacity of an EnclaveNodeGroup, or the same object for nodes of your own.")
	a.Describe(&d.Namespace, "Namespace of the DaemonSet. It must allow hostPath volumes (Pod Security: privileged). Default kube-system.")
	a.Describe(&d.Image, "Image of the plugin, pinned by tag or digest. Default: AWS's public image "+defaultDevicePluginImage+".")
	a.Describe(&d.PullSecrets, "Names of pull secrets for the image.")
	a.Describe(&d.PriorityClassName, "Priority class. Default system-node-critical.")
}
