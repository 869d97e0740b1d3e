package node

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/realnode"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/node/payload/report"
)

const (
	refused  = "operation not permitted"
	denied   = "permission denied"
	readOnly = "read-only file system"
)

// confined is the report of a chamber's pod as it is meant to be.
func confined() report.Report {
	const none = "0000000000000000"
	return report.Report{
		UID: contract.UserID, GID: contract.GroupID, Groups: []int{contract.DeviceGroupID, contract.GroupID},
		Capabilities: none, Bounding: none, NoNewPrivs: "1", Seccomp: "2",
		Writes: map[string]string{
			"/":                "open /written: " + readOnly,
			contract.ConfigDir: "open " + contract.ConfigDir + "/written: " + readOnly,
			contract.TempDir:   "", contract.SocketsDir: "", contract.LogsDir: "",
		},
		Config:  `{"signer_state":{"backend":"dynamodb"},"tee":{"platform":"nitro"},"tls":{"mode":"atls"}}`,
		Sockets: map[string]string{"vsock": "", "inet": "", "alg": refused},
		Unshare: refused,
	}
}

// TestSecurity: the pod gets ready as it is, and can do what it must and no more.
func TestSecurity(t *testing.T) {
	c := deploy(t, replicas(1))
	pod := c.ready()[0]
	if diff := cmp.Diff(confined(), c.look(pod.Name)); diff != "" {
		t.Errorf("the pod can do other than it should (-want +got):\n%s", diff)
	}
	if out, err := c.exec(pod.Name, "pages", "32"); err != nil {
		t.Errorf("the pages that the pod has asked for: %v\n%s", err, out)
	}
	// There are more on the node: it is the pod's limit that is reached.
	if out, err := c.exec(pod.Name, "pages", "34"); err == nil || !strings.Contains(out, "cannot allocate memory") {
		t.Errorf("a page more than that: %v\n%s", err, out)
	}
}

// TestWithoutOurProfile: containerd's default profile keeps the pod from its enclave,
// which is why our user data installs another.
func TestWithoutOurProfile(t *testing.T) {
	c := deploy(t, replicas(1), brisk, func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.SecurityContext.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	})
	want := confined()
	want.Sockets["vsock"] = refused
	if diff := cmp.Diff(want, c.look(c.ready()[0].Name)); diff != "" {
		t.Errorf("with the default profile (-want +got):\n%s", diff)
	}
}

// TestWithoutTheDevicesGroup: the device opens for the group that user data gives it to.
func TestWithoutTheDevicesGroup(t *testing.T) {
	c := deploy(t, replicas(1), brisk, func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.SecurityContext.SupplementalGroups = nil
	})
	want := confined()
	want.Groups, want.Device = []int{contract.GroupID}, "open "+realnode.Device+": "+denied
	if diff := cmp.Diff(want, c.look(c.ready()[0].Name)); diff != "" {
		t.Errorf("without the group (-want +got):\n%s", diff)
	}
}
