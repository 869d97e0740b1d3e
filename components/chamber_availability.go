package components

import (
	"fmt"

	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/karpenter"
)

// disruptionBudget lets a drain take one pod at a time. A budget that allows
// none would stop every node upgrade.
func (b *chamberBuilder) disruptionBudget() error {
	_, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name, &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.metadata(),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1),
			Selector:       &metav1.LabelSelectorArgs{MatchLabels: b.selector()},
			// A sealed signer is not ready; it must not block a drain for ever.
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, b.parent())
	if err != nil {
		return fmt.Errorf("creating the disruption budget: %w", err)
	}
	return nil
}

// safeToEvictAnnotation is Cluster Autoscaler's (cluster-autoscaler FAQ, "What types
// of pods can prevent CA from removing a node?").
const safeToEvictAnnotation = "cluster-autoscaler.kubernetes.io/safe-to-evict"

// podAnnotations tell autoscalers of nodes to leave the pods alone, when asked for.
func (b *chamberBuilder) podAnnotations() pulumi.StringMapInput {
	if b.args.DoNotDisrupt == nil {
		return nil
	}
	return b.args.DoNotDisrupt.ToBoolOutput().ApplyT(func(wanted bool) map[string]string {
		if !wanted {
			return nil
		}
		return map[string]string{karpenter.DoNotDisruptAnnotation: "true", safeToEvictAnnotation: "false"}
	}).(pulumi.StringMapOutput)
}

// autoscaler registers the HorizontalPodAutoscaler where maxReplicas is given.
func (b *chamberBuilder) autoscaler() error {
	if b.args.MaxReplicas == nil {
		return nil
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(b.ctx, b.name, &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: b.metadata(),
		Spec: &autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			MinReplicas: intOr(b.args.Replicas, defaultReplicas).ToIntOutput().ToIntPtrOutput(),
			MaxReplicas: b.args.MaxReplicas,
			ScaleTargetRef: &autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(b.name),
			},
			Metrics: autoscalingv2.MetricSpecArray{&autoscalingv2.MetricSpecArgs{
				Type: pulumi.String("Resource"),
				Resource: &autoscalingv2.ResourceMetricSourceArgs{
					Name: pulumi.String("cpu"),
					Target: &autoscalingv2.MetricTargetArgs{
						Type:               pulumi.String("Utilization"),
						AverageUtilization: intOr(b.args.TargetCPUUtilization, defaultTargetCPU).ToIntOutput().ToIntPtrOutput(),
					},
				},
			}},
		},
	}, b.parent())
	if err != nil {
		return fmt.Errorf("creating the autoscaler: %w", err)
	}
	return nil
}
