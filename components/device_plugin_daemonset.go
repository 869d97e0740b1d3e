package components

import (
	"fmt"
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/podspec"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// newDevicePluginDaemonSet registers the DaemonSet.
func newDevicePluginDaemonSet(ctx *pulumi.Context, name string, args *DevicePluginArgs, opts ...pulumi.ResourceOption) (*appsv1.DaemonSet, error) {
	labels := pulumi.StringMap{
		contract.LabelName:      pulumi.String(contract.DevicePluginName),
		contract.LabelInstance:  pulumi.String(name),
		contract.LabelManagedBy: pulumi.String(contract.ManagedBy),
	}
	selector := pulumi.StringMap{
		contract.LabelName:     pulumi.String(contract.DevicePluginName),
		contract.LabelInstance: pulumi.String(name),
	}
	daemonSet, err := appsv1.NewDaemonSet(ctx, name, &appsv1.DaemonSetArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:      pulumi.String(name),
			Namespace: stringOr(args.Namespace, defaultSystemNamespace).ToStringOutput().ToStringPtrOutput(),
			Labels:    labels,
		},
		Spec: &appsv1.DaemonSetSpecArgs{
			Selector: &metav1.LabelSelectorArgs{MatchLabels: selector},
			UpdateStrategy: &appsv1.DaemonSetUpdateStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDaemonSetArgs{MaxUnavailable: pulumi.Int(1)},
			},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: labels},
				Spec:     devicePluginPod(args),
			},
		},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the device plugin's DaemonSet: %w", err)
	}
	return daemonSet, nil
}

func devicePluginPod(args *DevicePluginArgs) *corev1.PodSpecArgs {
	nodes := args.Capacity.ToCapacityOutput()
	return podspec.DevicePlugin(podspec.DevicePluginSpec{
		Image:             stringOr(args.Image, defaultDevicePluginImage),
		Slots:             nodes.ApplyT(func(c Capacity) string { return strconv.Itoa(c.Slots) }).(pulumi.StringOutput),
		PriorityClassName: stringOr(args.PriorityClassName, defaultPriorityClass),
		PullSecrets:       args.PullSecrets,
		Placement:         placement(nodes),
	})
}
