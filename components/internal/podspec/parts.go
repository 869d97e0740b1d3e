package podspec

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Placement says which nodes a pod goes to.
type Placement struct {
	NodeSelector pulumi.StringMapInput
	Tolerations  corev1.TolerationArrayInput
}

// text turns an input into the pointer kind that most fields want.
func text(in pulumi.StringInput) pulumi.StringPtrInput {
	if in == nil {
		return nil
	}
	return in.ToStringOutput().ToStringPtrOutput()
}

// hardened is the security context of every container. A user id makes the
// container non-root.
func hardened(user pulumi.IntPtrInput) *corev1.SecurityContextArgs {
	context := &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
		Privileged:               pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
	}
	if user != nil {
		context.RunAsUser, context.RunAsNonRoot = user, pulumi.Bool(true)
	}
	return context
}

func env(name string, value pulumi.StringInput) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{Name: pulumi.String(name), Value: text(value)}
}

// envField takes the value from a field of the pod.
func envField(name, path string) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{
		Name:      pulumi.String(name),
		ValueFrom: &corev1.EnvVarSourceArgs{FieldRef: &corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String(path)}},
	}
}

func mount(volume, path string) *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path)}
}

func readOnly(m *corev1.VolumeMountArgs) *corev1.VolumeMountArgs {
	m.ReadOnly = pulumi.Bool(true)
	return m
}

// scratch is a small folder of the pod's own. It is kept in memory, so that what
// is written there never reaches the node's disk.
func scratch(name string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name: pulumi.String(name),
		EmptyDir: &corev1.EmptyDirVolumeSourceArgs{
			Medium:    pulumi.String("Memory"),
			SizeLimit: pulumi.String("16Mi"),
		},
	}
}

func hostFolder(name, path string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:     pulumi.String(name),
		HostPath: &corev1.HostPathVolumeSourceArgs{Path: pulumi.String(path), Type: pulumi.String("Directory")},
	}
}

func pullSecrets(names pulumi.StringArrayInput) corev1.LocalObjectReferenceArrayInput {
	if names == nil {
		return nil
	}
	return names.ToStringArrayOutput().ApplyT(func(names []string) []corev1.LocalObjectReference {
		refs := make([]corev1.LocalObjectReference, 0, len(names))
		for _, name := range names {
			refs = append(refs, corev1.LocalObjectReference{Name: &name})
		}
		return refs
	}).(corev1.LocalObjectReferenceArrayOutput)
}
