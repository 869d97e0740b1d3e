package components

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/podspec"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// progressSeconds is how long a rollout may stand still before it counts as
// failed: long enough for a node to be created and an enclave to boot on it.
const progressSeconds = 900

func (b *chamberBuilder) deployment(account *corev1.ServiceAccount, config *corev1.Secret) (*appsv1.Deployment, error) {
	spec := &appsv1.DeploymentSpecArgs{
		ProgressDeadlineSeconds: pulumi.Int(progressSeconds),
		RevisionHistoryLimit:    pulumi.Int(3),
		Selector:                &metav1.LabelSelectorArgs{MatchLabels: b.selector()},
		Strategy:                b.strategy(),
		Template: &corev1.PodTemplateSpecArgs{
			Metadata: &metav1.ObjectMetaArgs{Labels: b.labels(), Annotations: b.podAnnotations()},
			Spec:     podspec.Chamber(b.podSpec(account, config)),
		},
	}
	// An autoscaler owns the number of pods; setting it here would fight it.
	if b.args.MaxReplicas == nil {
		spec.Replicas = intOr(b.args.Replicas, defaultReplicas).ToIntOutput().ToIntPtrOutput()
	}
	deployment, err := appsv1.NewDeployment(b.ctx, b.name, &appsv1.DeploymentArgs{Metadata: b.metadata(), Spec: spec}, b.parent())
	if err != nil {
		return nil, fmt.Errorf("creating the deployment: %w", err)
	}
	return deployment, nil
}

func (b *chamberBuilder) strategy() *appsv1.DeploymentStrategyArgs {
	plan := b.args.rollout()
	number := func(pick func(rollout) int) pulumi.IntOutput {
		return plan.ApplyT(func(r any) int { return pick(r.(rollout)) }).(pulumi.IntOutput)
	}
	return &appsv1.DeploymentStrategyArgs{
		Type: pulumi.String("RollingUpdate"),
		RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{
			MaxSurge:       number(func(r rollout) int { return r.MaxSurge }),
			MaxUnavailable: number(func(r rollout) int { return r.MaxUnavailable }),
		},
	}
}

func (b *chamberBuilder) podSpec(account *corev1.ServiceAccount, config *corev1.Secret) podspec.ChamberSpec {
	a, nodes := b.args, b.args.Capacity.ToCapacityOutput()
	number := func(pick func(Capacity) int) pulumi.StringOutput {
		return nodes.ApplyT(func(c Capacity) string { return strconv.Itoa(pick(c)) }).(pulumi.StringOutput)
	}
	return podspec.ChamberSpec{
		Image:              a.imageReference(),
		EnclaveCPUs:        number(func(c Capacity) int { return c.EnclaveCPUs }),
		EnclaveMemoryMiB:   number(func(c Capacity) int { return c.EnclaveMemoryMiB }),
		EnclaveResources:   enclaveResources(nodes),
		Slots:              nodes.ApplyT(func(c Capacity) int { return c.Slots }).(pulumi.IntOutput),
		HostCPU:            stringOr(a.HostCPU, defaultHostCPU),
		HostMemory:         stringOr(a.HostMemory, defaultHostMemory),
		Region:             a.Region,
		Egress:             joined(a.egress()),
		DrainSeconds:       intOr(a.DrainSeconds, defaultDrainSeconds),
		ConfigSecretName:   config.Metadata.Name().Elem(),
		ServiceAccountName: account.Metadata.Name().Elem(),
		PriorityClassName:  a.PriorityClassName,
		PullSecrets:        a.PullSecrets,
		SelectorLabels:     b.selector(),
		Placement:          placement(nodes),
	}
}

// enclaveResources is what one pod takes of the nodes' capacity.
func enclaveResources(nodes CapacityOutput) pulumi.StringMapOutput {
	return nodes.ApplyT(func(c Capacity) map[string]string {
		resources := maps.Clone(c.EnclaveHugepages)
		resources[contract.ResourceEnclaves] = "1"
		resources[contract.ResourceEnclaveCPUs] = strconv.Itoa(c.EnclaveCPUs)
		return resources
	}).(pulumi.StringMapOutput)
}

func joined(list pulumi.StringArrayOutput) pulumi.StringOutput {
	return list.ApplyT(func(items []string) string { return strings.Join(items, ",") }).(pulumi.StringOutput)
}
