package components

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// service registers the Service of the signing API. Metrics have one of their
// own: a load balancer in front of this one must not publish them.
func (b *chamberBuilder) service() (*corev1.Service, error) {
	metadata := b.metadata()
	if b.args.ServiceAnnotations != nil {
		metadata.Annotations = b.args.ServiceAnnotations
	}
	service, err := corev1.NewService(b.ctx, b.name, &corev1.ServiceArgs{
		Metadata: metadata,
		Spec: &corev1.ServiceSpecArgs{
			Type:     stringOr(b.args.ServiceType, "ClusterIP").ToStringOutput(),
			Selector: b.selector(),
			Ports: corev1.ServicePortArray{
				servicePort(contract.PortNameAPI, contract.PortAPI),
				servicePort(contract.PortNameTLS, contract.PortTLS),
			},
		},
	}, b.parent())
	if err != nil {
		return nil, fmt.Errorf("creating the service: %w", err)
	}
	return service, nil
}

// metricsService registers the Service that monitoring reads. It lists pods that
// are not ready too: a sealed signer is the one to look at.
func (b *chamberBuilder) metricsService() (*corev1.Service, error) {
	metadata := b.metadata()
	metadata.Name = pulumi.String(b.name + "-metrics")
	metadata.Labels = b.metricsLabels()
	service, err := corev1.NewService(b.ctx, b.name+"-metrics", &corev1.ServiceArgs{
		Metadata: metadata,
		Spec: &corev1.ServiceSpecArgs{
			Type:                     pulumi.String("ClusterIP"),
			PublishNotReadyAddresses: pulumi.Bool(true),
			Selector:                 b.selector(),
			Ports: corev1.ServicePortArray{
				servicePort(contract.PortNameMetrics, contract.PortMetrics),
				servicePort(contract.PortNameSupervisor, contract.PortSupervisor),
			},
		},
	}, b.parent())
	if err != nil {
		return nil, fmt.Errorf("creating the metrics service: %w", err)
	}
	return service, nil
}

// metricsLabels tell the metrics Service from that of the signing API.
func (b *chamberBuilder) metricsLabels() pulumi.StringMap {
	labels := b.labels()
	labels[contract.LabelComponent] = pulumi.String("metrics")
	return labels
}

func servicePort(name string, number int) *corev1.ServicePortArgs {
	return &corev1.ServicePortArgs{
		Name:       pulumi.String(name),
		Port:       pulumi.Int(number),
		TargetPort: pulumi.String(name),
		Protocol:   pulumi.String("TCP"),
	}
}

// serviceMonitor registers the Prometheus operator's object for both metrics
// endpoints: the signer's and the supervisor's.
func (b *chamberBuilder) serviceMonitor() error {
	if !b.args.ServiceMonitor {
		return nil
	}
	metadata := b.metadata()
	metadata.Labels = pulumi.All(b.labels(), mapOr(b.args.ServiceMonitorLabels)).ApplyT(func(v []any) map[string]string {
		labels := v[0].(map[string]string)
		maps.Copy(labels, v[1].(map[string]string))
		return labels
	}).(pulumi.StringMapOutput)
	endpoint := func(port string) map[string]any {
		return map[string]any{"port": port, "path": contract.PathMetrics, "interval": "60s"}
	}
	_, err := apiextensions.NewCustomResource(b.ctx, b.name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String("monitoring.coreos.com/v1"),
		Kind:       pulumi.String("ServiceMonitor"),
		Metadata:   metadata,
		OtherFields: kubernetes.UntypedArgs{"spec": pulumi.Map{
			"selector":  pulumi.Map{"matchLabels": b.metricsLabels()},
			"endpoints": pulumi.ToArray([]any{endpoint(contract.PortNameMetrics), endpoint(contract.PortNameSupervisor)}),
		}},
	}, b.parent())
	if err != nil {
		return fmt.Errorf("creating the ServiceMonitor: %w", err)
	}
	return nil
}
