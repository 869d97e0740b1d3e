package node

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/chamberimage"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// update replaces a pod by one of another image, on a node without a free slot. The old
// one drains, ends with 0 and within its grace period, and answers all that it accepts.
func (c *chamber) update(old corev1.Pod, ref string) {
	c.t.Helper()
	end, log, load := c.awaitEnd(old.Name), c.follow(old.Name), startLoad(c.t, old)
	c.patchImage(ref)
	ended := end()
	if ended == nil || ended.ExitCode != 0 {
		c.t.Errorf("the old pod's container has ended as %+v, want exit code 0", ended)
	}
	signed, refused := load.stop()
	c.t.Logf("while it ended, the pod signed %d times and refused %d connections", signed, refused)
	text := strings.Join(log(), "\n")
	for _, state := range []string{`"to":"draining"`, `"to":"stopped"`} {
		if !strings.Contains(text, state) {
			c.t.Errorf("the log of the old pod does not have %s:\n%s", state, text)
		}
	}
	eventually(c.t, func() string {
		for _, pod := range c.ready() {
			if pod.Name != old.Name {
				return ""
			}
		}
		return "the new pod is not ready: " + c.trouble()
	})
}

// awaitEnd watches a pod. The function that it returns waits until the pod is gone, and
// says how its container has ended.
func (c *chamber) awaitEnd(pod string) func() *corev1.ContainerStateTerminated {
	c.t.Helper()
	events, err := shared.client.CoreV1().Pods(c.namespace).Watch(c.t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + pod})
	if err != nil {
		c.t.Fatal(err)
	}
	return func() (ended *corev1.ContainerStateTerminated) {
		defer events.Stop()
		for event := range events.ResultChan() {
			p, ok := event.Object.(*corev1.Pod)
			if ok && p.Status.ContainerStatuses[0].State.Terminated != nil {
				ended = p.Status.ContainerStatuses[0].State.Terminated
			}
			if ok && p.DeletionTimestamp != nil && ended != nil {
				if grace := time.Duration(*p.Spec.TerminationGracePeriodSeconds) * time.Second; ended.FinishedAt.Sub(p.DeletionTimestamp.Time) > 0 {
					c.t.Errorf("the container has ended at %v, later than %v after its deletion", ended.FinishedAt, grace)
				}
			}
			if event.Type == watch.Deleted {
				return ended
			}
		}
		return ended
	}
}

// load are requests for signatures, one after the other, each on a connection of its own.
type load struct {
	cancel          context.CancelFunc
	done            sync.WaitGroup
	signed, refused int
}

func startLoad(t *testing.T, pod corev1.Pod) *load {
	t.Helper()
	s := signer(pod)
	keys, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := &load{}
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	l.done.Go(func() {
		for epoch := eth2.Uint(100); ctx.Err() == nil; epoch++ {
			l.note(ctx, t, s.SignAndVerify(ctx, keys[0], client.Randao(epoch), eth2.Networks()[client.Network]))
			time.Sleep(50 * time.Millisecond)
		}
	})
	return l
}

// note counts an answer. A connection that was refused was no request that anybody had
// accepted.
func (l *load) note(ctx context.Context, t *testing.T, err error) {
	var op *net.OpError
	switch {
	case err == nil:
		l.signed++
	case ctx.Err() != nil:
	case errors.As(err, &op) && op.Op == "dial":
		l.refused++
	default:
		t.Errorf("a request that was accepted was lost: %v", err)
	}
}

func (l *load) stop() (signed, refused int) {
	l.cancel()
	l.done.Wait()
	return l.signed, l.refused
}

// killEmulator kills the QEMU of a pod, which it knows by its control group.
func killEmulator(t *testing.T, pod corev1.Pod) {
	t.Helper()
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for _, folder := range folders {
		command, _ := os.ReadFile(filepath.Join(folder, "cmdline")) // it may have ended meanwhile
		groups, _ := os.ReadFile(filepath.Join(folder, "cgroup"))
		if !bytes.HasPrefix(command, []byte(chamberimage.EmulatorDir+"/qemu-system-x86_64\x00")) || !bytes.Contains(groups, []byte("pod"+string(pod.UID))) {
			continue
		}
		id, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		killed++
	}
	if killed != 1 {
		t.Fatalf("%d programs were killed, want the one QEMU of %s", killed, pod.Name)
	}
}
