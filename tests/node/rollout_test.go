package node

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// TestSlots: the kubelet hands out as many slots as the device plugin has, and one pod
// more stays Pending for want of one.
func TestSlots(t *testing.T) {
	c := deploy(t, replicas(slots+1), brisk)
	eventually(t, func() string {
		pending := 0
		for _, pod := range c.pods(t.Context()) {
			if pod.Status.Phase == corev1.PodPending && pod.Spec.NodeName == "" {
				pending++
				if message := condition(pod, corev1.PodScheduled).Message; !strings.Contains(message, "Insufficient "+contract.ResourceEnclaves) {
					return "the reason is: " + message
				}
			}
		}
		if pending != 1 {
			return fmt.Sprintf("%d pods are pending, want 1", pending)
		}
		return ""
	})
	// A slot that is given back goes to the pod that waits.
	if err := shared.client.CoreV1().Pods(c.namespace).Delete(t.Context(), c.ready()[0].Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.awaitReady(slots)
}

// TestRolloutWithoutAFreeSlot: with the strategy that the component chooses then, every
// pod is replaced, one after the other.
func TestRolloutWithoutAFreeSlot(t *testing.T) {
	one, none := intstr.FromInt32(1), intstr.FromInt32(0)
	c := deploy(t, replicas(slots), brisk, func(d *appsv1.Deployment) {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &none, MaxUnavailable: &one}
	})
	old := map[string]bool{}
	for _, pod := range c.ready() {
		old[pod.Name] = true
	}
	deployments := shared.client.AppsV1().Deployments(c.namespace)
	patch := `{"spec":{"template":{"metadata":{"annotations":{"changed":"yes"}}}}}`
	if _, err := deployments.Patch(t.Context(), c.name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	wereReady := maps.Clone(old)
	eventually(t, func() string {
		pods := slices.DeleteFunc(c.pods(t.Context()), func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil })
		var ready []corev1.Pod
		left := 0
		for _, pod := range pods {
			if condition(pod, corev1.PodReady).Status == corev1.ConditionTrue {
				ready, wereReady[pod.Name] = append(ready, pod), true
			}
			if wereReady[pod.Name] { // a probe that fails on a busy machine is not the rollout's doing
				left++
			}
		}
		if left < slots-1 {
			t.Fatalf("%d pods that have been ready are left, and never fewer than %d may be", left, slots-1)
		}
		for _, pod := range ready {
			if old[pod.Name] {
				return pod.Name + " is still there"
			}
		}
		if len(ready) != slots {
			return fmt.Sprintf("%d pods are ready", len(ready))
		}
		return ""
	})
}
