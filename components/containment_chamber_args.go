package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

var _ infer.Annotated = (*ContainmentChamberArgs)(nil)

// ContainmentChamberArgs are the arguments of NewContainmentChamber.
//
// Optional inputs are nil when they are not given. Plain fields decide which
// resources there are.
type ContainmentChamberArgs struct {
	Capacity        CapacityInput      `pulumi:"capacity"`
	Config          pulumi.MapInput    `pulumi:"config" provider:"secret"`
	EnclaveSelector pulumi.StringInput `pulumi:"enclaveSelector,optional"`

	Image       pulumi.StringInput      `pulumi:"image,optional"`
	Tag         pulumi.StringInput      `pulumi:"tag,optional"`
	Digest      pulumi.StringInput      `pulumi:"digest,optional"`
	PullSecrets pulumi.StringArrayInput `pulumi:"pullSecrets,optional"`

	Namespace       pulumi.StringInput `pulumi:"namespace,optional"`
	CreateNamespace *bool              `pulumi:"createNamespace,optional"`

	Replicas             pulumi.IntInput `pulumi:"replicas,optional"`
	MaxReplicas          pulumi.IntInput `pulumi:"maxReplicas,optional"`
	TargetCPUUtilization pulumi.IntInput `pulumi:"targetCpuUtilization,optional"`
	MaxSurge             pulumi.IntInput `pulumi:"maxSurge,optional"`
	MaxUnavailable       pulumi.IntInput `pulumi:"maxUnavailable,optional"`

	Region                pulumi.StringInput      `pulumi:"region,optional"`
	Egress                pulumi.StringArrayInput `pulumi:"egress,optional"`
	ServiceAccountRoleARN pulumi.StringInput      `pulumi:"serviceAccountRoleArn,optional"`

	ServiceType          pulumi.StringInput      `pulumi:"serviceType,optional"`
	ServiceAnnotations   pulumi.StringMapInput   `pulumi:"serviceAnnotations,optional"`
	NetworkPolicy        *bool                   `pulumi:"networkPolicy,optional"`
	ClientNamespaces     pulumi.StringArrayInput `pulumi:"clientNamespaces,optional"`
	MonitoringNamespaces pulumi.StringArrayInput `pulumi:"monitoringNamespaces,optional"`
	ServiceMonitor       bool                    `pulumi:"serviceMonitor,optional"`
	ServiceMonitorLabels pulumi.StringMapInput   `pulumi:"serviceMonitorLabels,optional"`

	DrainSeconds      pulumi.IntInput    `pulumi:"drainSeconds,optional"`
	HostCPU           pulumi.StringInput `pulumi:"hostCpu,optional"`
	HostMemory        pulumi.StringInput `pulumi:"hostMemory,optional"`
	PriorityClassName pulumi.StringInput `pulumi:"priorityClassName,optional"`
	DoNotDisrupt      pulumi.BoolInput   `pulumi:"doNotDisrupt,optional"`
}

// Defaults of ContainmentChamberArgs.
const (
	defaultNamespace    = "containment-chamber"
	defaultReplicas     = 2
	defaultDrainSeconds = contract.SignerDrainSeconds + 5
	// defaultHostCPU is upstream's figure for the proxies beside an enclave.
	defaultHostCPU    = "250m"
	defaultHostMemory = "256Mi"
	// defaultTargetCPU is of the supervisor's host CPU: what the enclave's own
	// CPUs do is not visible to Kubernetes.
	defaultTargetCPU = 70
)

// Annotate describes the arguments in the schema.
func (a *ContainmentChamberArgs) Annotate(an infer.Annotator) {
	a.annotateSigner(an)
	a.annotateScale(an)
	a.annotateNetwork(an)
}

func (a *ContainmentChamberArgs) annotateSigner(an infer.Annotator) {
	an.Describe(&a.Capacity, "What the nodes offer: the capacity of an EnclaveNodeGroup, or the same object for nodes of your own.")
	an.Describe(&a.Config, "The signer's own configuration, passed through as it is but for the enclave selector. It is kept in a Secret and is secret in Pulumi.")
	an.Describe(&a.EnclaveSelector, `How the signer is told that it runs in an enclave: "tee" (default; sets tee.platform: nitro and tls.mode: atls, and needs signer_state.backend), "keySource" (older releases; sets key_sources.dynamodb.enclave) or "none" (the configuration says it itself).`)
	an.Describe(&a.Image, "Repository of the image. Default "+contract.DefaultImage+".")
	an.Describe(&a.Tag, `Release of the signer, such as v1.5.0. The suffix "-nitro" is added unless it is there.`)
	an.Describe(&a.Digest, "Digest that the image must have. With a tag or instead of one.")
	an.Describe(&a.PullSecrets, "Names of pull secrets for the image.")
	an.Describe(&a.DrainSeconds, "How long requests may finish after a pod has been told to end. Default 30; the signer itself needs 25.")
	an.Describe(&a.HostCPU, "CPU of the host that a pod requests beside its enclave, for bridging traffic. Default 250m.")
	an.Describe(&a.HostMemory, "Memory of the host that a pod gets beside its enclave. Default 256Mi.")
	an.Describe(&a.PriorityClassName, "Priority class of the pods.")
	an.Describe(&a.DoNotDisrupt, "Keep Karpenter and Cluster Autoscaler from ending a node of their own accord while a pod of the chamber runs there. Nodes are then not replaced for a new AMI or user data until you move the pods. Default false: pods are moved one at a time, and a new node comes first.")
}

func (a *ContainmentChamberArgs) annotateScale(an infer.Annotator) {
	an.Describe(&a.Namespace, "Namespace. Default containment-chamber.")
	an.Describe(&a.CreateNamespace, "Create the namespace, with Pod Security restricted enforced. Default true.")
	an.Describe(&a.Replicas, "Number of pods, each with an enclave of its own; with maxReplicas the lowest number. Default 2.")
	an.Describe(&a.MaxReplicas, "Creates a HorizontalPodAutoscaler that goes up to this number of pods.")
	an.Describe(&a.TargetCPUUtilization, "Target of the HorizontalPodAutoscaler: host CPU of the supervisor in per cent of its request. Default 70.")
	an.Describe(&a.MaxSurge, "Pods above replicas during a rollout. Default: 1 when a slot is free, else 0.")
	an.Describe(&a.MaxUnavailable, "Pods below replicas during a rollout. Default: 0 when a slot is free, else 1.")
}

func (a *ContainmentChamberArgs) annotateNetwork(an infer.Annotator) {
	an.Describe(&a.Region, "AWS region. Sets AWS_REGION and allows egress to KMS, DynamoDB, STS and EKS Pod Identity.")
	an.Describe(&a.Egress, "Further endpoints that the enclave may reach, as host:port, such as a PostgreSQL server.")
	an.Describe(&a.ServiceAccountRoleARN, "IAM role for the pods' service account (IRSA). Leave it out with EKS Pod Identity.")
	an.Describe(&a.ServiceType, `Type of the Service: "ClusterIP" (default) or "LoadBalancer".`)
	an.Describe(&a.ServiceAnnotations, "Annotations of the Service.")
	an.Describe(&a.NetworkPolicy, "Create a NetworkPolicy. Default true.")
	an.Describe(&a.ClientNamespaces, "Namespaces whose pods may use the signing API. Default: the chamber's own.")
	an.Describe(&a.MonitoringNamespaces, "Namespaces whose pods may read metrics. Default: none.")
	an.Describe(&a.ServiceMonitor, "Create a ServiceMonitor for the Prometheus operator, whose CRD must exist.")
	an.Describe(&a.ServiceMonitorLabels, "Labels that your Prometheus selects ServiceMonitors by.")
}
