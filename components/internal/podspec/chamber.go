package podspec

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// ChamberSpec is all that the chamber's pod depends on.
type ChamberSpec struct {
	Image            pulumi.StringInput
	EnclaveCPUs      pulumi.StringInput
	EnclaveMemoryMiB pulumi.StringInput
	// EnclaveResources are the slot, the enclave CPUs and the hugepages, by
	// resource name.
	EnclaveResources pulumi.StringMapInput
	// Slots is how many enclaves a node runs.
	Slots              pulumi.IntInput
	HostCPU            pulumi.StringInput
	HostMemory         pulumi.StringInput
	Region             pulumi.StringInput // nil for none
	Egress             pulumi.StringInput
	DrainSeconds       pulumi.IntInput
	ConfigSecretName   pulumi.StringInput
	ServiceAccountName pulumi.StringInput
	PriorityClassName  pulumi.StringInput // nil for none
	PullSecrets        pulumi.StringArrayInput
	SelectorLabels     pulumi.StringMapInput
	Placement          Placement
}

// GraceSeconds is the pod's grace period for a drain of so many seconds: longer
// than the drain, so that kubelet's SIGKILL never cuts a signature short.
func GraceSeconds(drain int) int { return contract.EndpointSeconds + drain + contract.TerminateSeconds }

// Chamber is the pod that starts the enclave and bridges its traffic. It passes
// Pod Security "restricted".
func Chamber(s ChamberSpec) *corev1.PodSpecArgs {
	return &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(false),
		Containers:                    corev1.ContainerArray{supervisor(s)},
		EnableServiceLinks:            pulumi.Bool(false),
		ImagePullSecrets:              pullSecrets(s.PullSecrets),
		NodeSelector:                  s.Placement.NodeSelector,
		PriorityClassName:             text(s.PriorityClassName),
		SecurityContext:               chamberSecurity(),
		ServiceAccountName:            text(s.ServiceAccountName),
		TerminationGracePeriodSeconds: s.DrainSeconds.ToIntOutput().ApplyT(GraceSeconds).(pulumi.IntOutput).ToIntPtrOutput(),
		Tolerations:                   s.Placement.Tolerations,
		TopologySpreadConstraints: corev1.TopologySpreadConstraintArray{
			spread("topology.kubernetes.io/zone", pulumi.Int(1), s.SelectorLabels),
			// The scheduler prefers the emptier node at any skew. Karpenter takes a
			// preference for a rule as long as it can: with a skew of 1 it would start
			// a node for each pod, and leave the other slots of each idle.
			spread("kubernetes.io/hostname", s.Slots, s.SelectorLabels),
		},
		Volumes: corev1.VolumeArray{
			&corev1.VolumeArgs{
				Name:   pulumi.String("config"),
				Secret: &corev1.SecretVolumeSourceArgs{SecretName: text(s.ConfigSecretName), DefaultMode: pulumi.Int(0o440)},
			},
			scratch("sockets"), scratch("logs"), scratch("tmp"),
		},
	}
}

// chamberSecurity is the pod's security context. The seccomp profile is the one
// that our user data puts on enclave nodes: kubelet's RuntimeDefault refuses the
// AF_VSOCK sockets that reach the enclave. The supplemental group may open the
// enclave device.
func chamberSecurity() *corev1.PodSecurityContextArgs {
	return &corev1.PodSecurityContextArgs{
		FsGroup:      pulumi.Int(contract.GroupID),
		RunAsGroup:   pulumi.Int(contract.GroupID),
		RunAsNonRoot: pulumi.Bool(true),
		RunAsUser:    pulumi.Int(contract.UserID),
		SeccompProfile: &corev1.SeccompProfileArgs{
			Type:             pulumi.String("Localhost"),
			LocalhostProfile: pulumi.String(contract.SeccompProfile),
		},
		SupplementalGroups: pulumi.IntArray{pulumi.Int(contract.DeviceGroupID)},
	}
}

// spread prefers an even distribution and does not insist on it: a signer that
// runs in the wrong zone is better than one that does not run.
func spread(key string, skew pulumi.IntInput, labels pulumi.StringMapInput) *corev1.TopologySpreadConstraintArgs {
	return &corev1.TopologySpreadConstraintArgs{
		MaxSkew:           skew,
		TopologyKey:       pulumi.String(key),
		WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
		LabelSelector:     &metav1.LabelSelectorArgs{MatchLabels: labels},
	}
}
