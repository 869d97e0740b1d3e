package node

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// exitPreflight is the exit code of a pod without what an enclave needs
// (docs/supervisor.md).
const exitPreflight = 3

func runtimeDefault(d *appsv1.Deployment) {
	d.Spec.Template.Spec.SecurityContext.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
}

// TestPreflight: with the launcher of Nitro the supervisor says in its termination
// message what the node lacks. The device here is none, and with containerd's default
// profile the pod cannot open AF_VSOCK either.
func TestPreflight(t *testing.T) {
	e := needEmulated(t)
	for name, tc := range map[string]struct {
		edit    edit
		seccomp bool
	}{
		"Ours":    {func(*appsv1.Deployment) {}, false},
		"Default": {runtimeDefault, true},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := begin(t, "", e.chamber(tc.edit, func(d *appsv1.Deployment) {
				setEnv(d, contract.EnvLauncher, contract.LauncherNitro)
			}))
			ended := c.awaitFailure()
			t.Log(ended.Message)
			if ended.ExitCode != exitPreflight || !strings.Contains(ended.Message, "hugepages") {
				t.Errorf("the container has ended with %d and says %q", ended.ExitCode, ended.Message)
			}
			if got := strings.Contains(ended.Message, "seccomp profile"); got != tc.seccomp {
				t.Errorf("it speaks of seccomp: %t, want %t: %q", got, tc.seccomp, ended.Message)
			}
		})
	}
}

// awaitFailure waits until the pod's container has ended, and says how.
func (c *chamber) awaitFailure() (ended *corev1.ContainerStateTerminated) {
	c.t.Helper()
	eventually(c.t, func() string {
		for _, pod := range c.pods(c.t.Context()) {
			for _, s := range pod.Status.ContainerStatuses {
				for _, state := range []corev1.ContainerState{s.State, s.LastTerminationState} {
					if state.Terminated != nil {
						ended = state.Terminated
						return ""
					}
				}
			}
		}
		return "no container has ended"
	})
	return ended
}
