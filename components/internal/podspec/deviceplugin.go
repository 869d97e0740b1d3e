package podspec

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Folders of the node that the device plugin needs: kubelet's sockets, the
// device that it mounts into pods, and the list of offline CPUs.
const (
	pluginSockets = "/var/lib/kubelet/device-plugins"
	devFolder     = "/dev"
	sysFolder     = "/sys"
)

// DevicePluginSpec is all that the device plugin's pod depends on.
type DevicePluginSpec struct {
	Image             pulumi.StringInput
	Slots             pulumi.StringInput
	PriorityClassName pulumi.StringInput
	PullSecrets       pulumi.StringArrayInput
	Placement         Placement
}

// DevicePlugin is the pod of AWS's device plugin (0.4.1). It differs from AWS's
// manifest where that one fails on our nodes: enclave CPUs are advertised, the
// enclave taint is tolerated, slots are as many as fit, and the root file system
// is read-only.
func DevicePlugin(s DevicePluginSpec) *corev1.PodSpecArgs {
	return &corev1.PodSpecArgs{
		AutomountServiceAccountToken: pulumi.Bool(false),
		Containers:                   corev1.ContainerArray{devicePluginContainer(s)},
		EnableServiceLinks:           pulumi.Bool(false),
		ImagePullSecrets:             pullSecrets(s.PullSecrets),
		NodeSelector:                 s.Placement.NodeSelector,
		PriorityClassName:            text(s.PriorityClassName),
		SecurityContext: &corev1.PodSecurityContextArgs{
			SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Tolerations: s.Placement.Tolerations,
		Volumes: corev1.VolumeArray{
			hostFolder("device-plugins", pluginSockets),
			hostFolder("dev", devFolder),
			hostFolder("sys", sysFolder),
		},
	}
}

func devicePluginContainer(s DevicePluginSpec) *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String("device-plugin"),
		Image:           text(s.Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Env: corev1.EnvVarArray{
			env("ENCLAVE_CPU_ADVERTISEMENT", pulumi.String("true")),
			// The plugin's log calls it MAX_DEVICES_PER_NODE; this is what it reads.
			env("MAX_ENCLAVES_PER_NODE", s.Slots),
		},
		Resources: &corev1.ResourceRequirementsArgs{
			Requests: pulumi.StringMap{"cpu": pulumi.String("10m"), "memory": pulumi.String("32Mi")},
			// AWS's manifest has 15Mi, next to nothing for a Go program.
			Limits: pulumi.StringMap{"memory": pulumi.String("64Mi")},
		},
		// It runs as root: kubelet's socket folder is root's.
		SecurityContext: hardened(nil),
		VolumeMounts: corev1.VolumeMountArray{
			mount("device-plugins", pluginSockets),
			readOnly(mount("dev", devFolder)),
			readOnly(mount("sys", sysFolder)),
		},
	}
}
