package e2e

import (
	"context"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

const (
	namespace = "containment-chamber"
	chamber   = "chamber"
)

// patience is how long anything may take that the cluster does by itself. It is
// generous: machines are noisy, and a wait that succeeds ends early.
const patience = 2 * time.Minute

func client(t *testing.T) kubernetes.Interface {
	t.Helper()
	c, err := local.ControlPlane.Client()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// eventually polls until check has nothing to object.
func eventually(t *testing.T, check func(ctx context.Context) (objection string, err error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		objection, err := check(ctx)
		if err == nil && objection == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("gave up after %s: %s %v", patience, objection, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	d, err := client(t).AppsV1().Deployments(namespace).Get(t.Context(), chamber, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func pods(ctx context.Context, t *testing.T) []corev1.Pod {
	t.Helper()
	list, err := client(t).CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelName + "=" + contract.AppName})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// podsPerNode counts the chamber's pods on each node; "" holds those on none.
func podsPerNode(ctx context.Context, t *testing.T) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, pod := range pods(ctx, t) {
		count[pod.Spec.NodeName]++
	}
	return count
}
