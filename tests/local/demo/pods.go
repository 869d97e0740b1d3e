package demo

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
)

// podPatience is how long the chamber's pods may take after `pulumi up`, which
// has waited for them already.
const podPatience = 3 * time.Minute

// awaitPods waits until there are pods of the chamber and all are ready.
func (d *Demo) awaitPods(ctx context.Context, local *stack.Stack) error {
	client, err := local.ControlPlane.Client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, podPatience)
	defer cancel()
	for {
		waiting, err := unready(ctx, client)
		if err == nil && waiting == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the chamber's pods: %w; %s", ctx.Err(), waiting)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// unready says what is still missing; nothing when all pods are ready.
func unready(ctx context.Context, client kubernetes.Interface) (string, error) {
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: nameLabel + "=" + chamberName})
	if err != nil {
		return "", err
	}
	if len(pods.Items) == 0 {
		return "there is none yet", nil
	}
	for i := range pods.Items {
		if pod := &pods.Items[i]; state(pod) != "Ready" {
			return fmt.Sprintf("%s/%s is %s", pod.Namespace, pod.Name, state(pod)), nil
		}
	}
	return "", nil
}
