package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/node/payload/report"
)

func (c *chamber) pods(ctx context.Context) []corev1.Pod {
	c.t.Helper()
	list, err := shared.client.CoreV1().Pods(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return list.Items
}

// ready are the pods that are ready and are not being deleted.
func (c *chamber) ready() []corev1.Pod {
	c.t.Helper()
	return slices.DeleteFunc(c.pods(c.t.Context()), func(pod corev1.Pod) bool {
		return pod.DeletionTimestamp != nil || condition(pod, corev1.PodReady).Status != corev1.ConditionTrue
	})
}

func condition(pod corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return corev1.PodCondition{}
}

func (c *chamber) awaitReady(want int) {
	c.t.Helper()
	eventually(c.t, func() string {
		if got := len(c.ready()); got != want {
			return fmt.Sprintf("%d pods are ready, want %d: %s", got, want, c.trouble())
		}
		return ""
	})
}

// trouble are the warnings in the namespace.
func (c *chamber) trouble() string {
	events, err := shared.client.CoreV1().Events(c.namespace).List(context.WithoutCancel(c.t.Context()), metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	var lines []string
	for _, e := range events.Items {
		if e.Type == corev1.EventTypeWarning {
			lines = append(lines, e.InvolvedObject.Name+": "+e.Message)
		}
	}
	return strings.Join(lines, "\n")
}

// exec runs the payload in a pod.
func (c *chamber) exec(pod string, args ...string) (string, error) {
	c.t.Helper()
	return shared.node.Exec(c.t.Context(), c.namespace, pod, append([]string{contract.SupervisorPath}, args...)...)
}

// look is what the payload reports of a pod.
func (c *chamber) look(pod string) report.Report {
	c.t.Helper()
	out, err := c.exec(pod, "look")
	if err != nil {
		c.t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		c.t.Fatalf("reading the report: %v\n%s", err, out)
	}
	return r
}

// eventually repeats until there is nothing to complain of. A loaded machine is slow, so
// the limit is no measure of anything.
func eventually(t *testing.T, complaint func() string) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		text := complaint()
		if text == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(text)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
