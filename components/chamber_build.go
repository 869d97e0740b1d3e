package components

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// chamberBuilder registers the children of a ContainmentChamber.
type chamberBuilder struct {
	ctx       *pulumi.Context
	name      string
	args      *ContainmentChamberArgs
	chamber   *ContainmentChamber
	namespace *corev1.Namespace // nil when it exists already
}

func (b *chamberBuilder) build() (err error) {
	if b.namespace, err = b.newNamespace(); err != nil {
		return err
	}
	account, err := b.serviceAccount()
	if err != nil {
		return err
	}
	config, err := b.configSecret()
	if err != nil {
		return err
	}
	service, err := b.service()
	if err != nil {
		return err
	}
	metrics, err := b.metricsService()
	if err != nil {
		return err
	}
	deployment, err := b.deployment(account, config)
	if err != nil {
		return err
	}
	for _, optional := range []func() error{b.disruptionBudget, b.autoscaler, b.networkPolicy, b.serviceMonitor} {
		if err := optional(); err != nil {
			return err
		}
	}
	b.outputs(account, service, metrics)
	b.chamber.DeploymentName = deployment.Metadata.Name().Elem()
	return nil
}

func (b *chamberBuilder) outputs(account *corev1.ServiceAccount, service, metrics *corev1.Service) {
	url := func(s *corev1.Service, scheme string, port int, path string) pulumi.StringOutput {
		return pulumi.Sprintf("%s://%s.%s.svc:%d%s", scheme, s.Metadata.Name().Elem(), s.Metadata.Namespace().Elem(), port, path)
	}
	b.chamber.Namespace = service.Metadata.Namespace().Elem()
	b.chamber.ServiceName = service.Metadata.Name().Elem()
	b.chamber.Endpoint = url(service, "http", contract.PortAPI, "")
	b.chamber.TLSEndpoint = url(service, "https", contract.PortTLS, "")
	b.chamber.MetricsEndpoint = url(metrics, "http", contract.PortMetrics, contract.PathMetrics)
	b.chamber.ServiceAccountName = account.Metadata.Name().Elem()
	b.chamber.Image = b.args.imageReference()
	b.chamber.RolloutStrategy = b.args.rollout().ApplyT(func(r any) string { return r.(rollout).String() }).(pulumi.StringOutput)
}

// parent is the option that every child has. It makes them inherit the
// component's providers, protection and transforms.
func (b *chamberBuilder) parent() pulumi.ResourceOption { return pulumi.Parent(b.chamber) }

// selector are the labels that find the pods. They never change: a Deployment's
// selector is immutable.
func (b *chamberBuilder) selector() pulumi.StringMap {
	return pulumi.StringMap{
		contract.LabelName:     pulumi.String(contract.AppName),
		contract.LabelInstance: pulumi.String(b.name),
	}
}

func (b *chamberBuilder) labels() pulumi.StringMap {
	labels := b.selector()
	labels[contract.LabelComponent] = pulumi.String("signer")
	labels[contract.LabelManagedBy] = pulumi.String(contract.ManagedBy)
	return labels
}

// metadata names an object after the component, so that people and the signer's
// clients find it.
func (b *chamberBuilder) metadata() *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: pulumi.String(b.name), Namespace: b.namespaceName(), Labels: b.labels()}
}

// namespaceName waits for the namespace when it is created here.
func (b *chamberBuilder) namespaceName() pulumi.StringPtrOutput {
	if b.namespace != nil {
		return b.namespace.Metadata.Name()
	}
	return stringOr(b.args.Namespace, defaultNamespace).ToStringOutput().ToStringPtrOutput()
}

func (b *chamberBuilder) newNamespace() (*corev1.Namespace, error) {
	if b.args.CreateNamespace != nil && !*b.args.CreateNamespace {
		return nil, nil
	}
	labels := b.labels()
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = pulumi.String("restricted")
	}
	namespace, err := corev1.NewNamespace(b.ctx, b.name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:   stringOr(b.args.Namespace, defaultNamespace).ToStringOutput().ToStringPtrOutput(),
			Labels: labels,
		},
	}, b.parent())
	if err != nil {
		return nil, fmt.Errorf("creating the namespace: %w", err)
	}
	return namespace, nil
}

// serviceAccount registers the account. No token is mounted: the supervisor does
// not talk to Kubernetes, and IRSA and Pod Identity project tokens of their own.
func (b *chamberBuilder) serviceAccount() (*corev1.ServiceAccount, error) {
	metadata := b.metadata()
	if b.args.ServiceAccountRoleARN != nil {
		metadata.Annotations = pulumi.StringMap{"eks.amazonaws.com/role-arn": b.args.ServiceAccountRoleARN}
	}
	account, err := corev1.NewServiceAccount(b.ctx, b.name, &corev1.ServiceAccountArgs{
		Metadata:                     metadata,
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, b.parent())
	if err != nil {
		return nil, fmt.Errorf("creating the service account: %w", err)
	}
	return account, nil
}
