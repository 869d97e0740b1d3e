package node

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli/shape"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// TestEnclave is the life of a real chamber on a full node: it gets ready by its own
// probes, signs, is started again when its enclave dies, and is replaced by the next
// release without the loss of a request.
//
// One of its neighbours is another, with containerd's default profile: the emulator needs
// no AF_VSOCK, so the profile makes no difference to it. What ours is for is shown by
// TestPreflight.
func TestEnclave(t *testing.T) {
	e := needEmulated(t)
	one, none := intstr.FromInt32(1), intstr.FromInt32(0)
	c, _ := begin(t, "", e.chamber(func(d *appsv1.Deployment) {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &none, MaxUnavailable: &one}
	}))
	neighbour, _ := begin(t, "-neighbour", e.chamber(runtimeDefault))
	deployAs(t, "-others", replicas(slots-2), brisk)
	c.awaitReady(1)
	neighbour.awaitReady(1)
	neighbour.wantMeasured(neighbour.ready()[0].Name, e.images[0].Measurements)
	pod := c.ready()[0]
	if restarts := pod.Status.ContainerStatuses[0].RestartCount; restarts != 0 {
		t.Errorf("the pod was restarted %d times", restarts)
	}
	c.wantSignatures(pod)
	c.wantMeasured(pod.Name, e.images[0].Measurements)
	wantLogs(t, c.log(pod.Name))
	e.wantAttested(t)
	c.wantOnePending()
	c.killEnclave(pod)
	c.update(pod, e.images[1].Ref)
	next := c.ready()[0]
	c.wantSignatures(next)
	c.wantMeasured(next.Name, e.images[1].Measurements)
}

// exitEnclave is the exit code of an enclave's end (docs/supervisor.md).
const exitEnclave = 8

// signer is the pod's API at its own address.
func signer(pod corev1.Pod) *client.Client {
	return &client.Client{Base: "http://" + net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.PortAPI)), HTTP: shared.node.HTTP()}
}

// wantSignatures asks for one of each type, and verifies it with another library.
func (c *chamber) wantSignatures(pod corev1.Pod) {
	c.t.Helper()
	s := signer(pod)
	keys, err := s.Keys(c.t.Context())
	if err != nil || len(keys) != 1 {
		c.t.Fatalf("keys %v (%v)", keys, err)
	}
	for _, request := range client.Requests(60) {
		if err := s.SignAndVerify(c.t.Context(), keys[0], request, eth2.Networks()[client.Network]); err != nil {
			c.t.Errorf("%s: %v", request.Type, err)
		}
	}
}

// wantMeasured: nitro-cli is on the image's PATH, and what it tells of the running
// enclave, whose security module was asked, is what was built and signed.
func (c *chamber) wantMeasured(pod string, want eif.Measurements) {
	c.t.Helper()
	out, err := shared.node.Exec(c.t.Context(), c.namespace, pod, "nitro-cli", "describe-enclaves")
	if err != nil {
		c.t.Fatal(err)
	}
	var enclaves []shape.Enclave
	if err := json.Unmarshal([]byte(out), &enclaves); err != nil || len(enclaves) != 1 {
		c.t.Fatalf("describe-enclaves (%v): %s", err, out)
	}
	e := enclaves[0]
	if e.State != "RUNNING" || e.Flags != shape.FlagsNone || e.NumberOfCPUs != 2 || e.MemoryMiB != enclaveMiB || e.EnclaveName != "test-signer" && e.ImageName != "test-signer" {
		c.t.Errorf("the enclave is %+v", e)
	}
	if want.PCR8 == nil || e.Measurements == nil || e.Measurements.PCR0 != want.PCR0 || e.Measurements.PCR8 == nil || *e.Measurements.PCR8 != *want.PCR8 {
		c.t.Errorf("the enclave's measurements are %+v, want %+v", e.Measurements, want)
	}
}

// log is what the container has written so far.
func (c *chamber) log(pod string) string {
	c.t.Helper()
	data, err := shared.client.CoreV1().Pods(c.namespace).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return string(data)
}

// line is what tests read of a line of the supervisor's log.
type line struct {
	Msg, Source, Stream, To string
	Entry                   struct{ Msg string }
}

// wantLogs: each line is an object, and both the supervisor's and the enclave's are there.
func wantLogs(t *testing.T, text string) {
	t.Helper()
	ready, unsealed := false, false
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Errorf("%v: %s", err, lines.Text())
		}
		ready = ready || l.Source == "" && l.Msg == "state" && l.To == "ready"
		unsealed = unsealed || l.Source == "enclave" && l.Entry.Msg == "unsealed"
	}
	if !ready || !unsealed {
		t.Errorf("the log says that the supervisor is ready: %t, that the signer is unsealed: %t\n%s", ready, unsealed, text)
	}
}

// wantAttested: what the enclave needs of AWS came through the pod's egress, with a token
// that the kubelet has put into the pod.
func (e *emulated) wantAttested(t *testing.T) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range e.aws.Requests() {
		seen[fmt.Sprintf("%s %s attested:%v %d", r.Service, r.Action, r.Attested, r.Status)] = true
	}
	for _, want := range []string{
		"sts AssumeRoleWithWebIdentity attested:false 200", "kms Decrypt attested:true 200", "dynamodb GetItem attested:false 200",
	} {
		if !seen[want] {
			t.Errorf("AWS has not seen %q: %v", want, seen)
		}
	}
	for _, token := range e.aws.Tokens() {
		if strings.Count(token, ".") != 2 {
			t.Error("AWS has seen a token that is no service account's")
		}
	}
}

// wantOnePending: one chamber more finds no slot.
func (c *chamber) wantOnePending() {
	c.t.Helper()
	c.scale(2)
	eventually(c.t, func() string {
		for _, pod := range c.pods(c.t.Context()) {
			if strings.Contains(condition(pod, corev1.PodScheduled).Message, "Insufficient "+contract.ResourceEnclaves) {
				return ""
			}
		}
		return "no pod is pending for want of a slot"
	})
	c.scale(1)
	eventually(c.t, func() string {
		if n := len(c.pods(c.t.Context())); n != 1 {
			return fmt.Sprintf("%d pods are there", n)
		}
		return ""
	})
}

// killEnclave: an enclave that dies takes its container along, which says why and starts
// again.
func (c *chamber) killEnclave(pod corev1.Pod) {
	c.t.Helper()
	killEmulator(c.t, pod)
	eventually(c.t, func() string {
		status := c.podNamed(pod.Name).Status.ContainerStatuses[0]
		if status.LastTerminationState.Terminated == nil {
			return "the container has not ended"
		}
		if ended := status.LastTerminationState.Terminated; ended.ExitCode != exitEnclave || !strings.Contains(ended.Message, "the enclave has ended") {
			c.t.Fatalf("the container has ended with %d and says %q", ended.ExitCode, ended.Message)
		}
		return ""
	})
	c.awaitReady(1)
	if now := c.podNamed(pod.Name); now.Status.ContainerStatuses[0].RestartCount != 1 {
		c.t.Errorf("the container was started again %d times", now.Status.ContainerStatuses[0].RestartCount)
	}
	c.wantSignatures(pod)
}

func (c *chamber) podNamed(pod string) *corev1.Pod {
	c.t.Helper()
	p, err := shared.client.CoreV1().Pods(c.namespace).Get(c.t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

func (c *chamber) scale(n int) {
	c.t.Helper()
	if _, err := shared.node.Kubectl(c.t.Context(), "scale", "--namespace", c.namespace, "deployment", c.name, "--replicas", strconv.Itoa(n)); err != nil {
		c.t.Fatal(err)
	}
}

// patchImage gives the pods another image, as a change of the tag does.
func (c *chamber) patchImage(ref string) {
	c.t.Helper()
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"supervisor","image":%q}]}}}}`, ref)
	_, err := shared.client.AppsV1().Deployments(c.namespace).Patch(c.t.Context(), c.name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
}
