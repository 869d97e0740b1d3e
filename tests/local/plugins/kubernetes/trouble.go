package main

import (
	"context"
	"fmt"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// podTrouble tells what is wrong with a workload's pods, one line for each that
// is not ready. It is part of an error message: what cannot be read is left out.
func (p *provider) podTrouble(ctx context.Context, t *target, live *unstructured.Unstructured) string {
	labels, _, _ := unstructured.NestedStringMap(live.Object, "spec", "selector", "matchLabels")
	if len(labels) == 0 {
		return ""
	}
	selector := metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})
	pods, err := p.list(ctx, "Pod", t.namespace, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return ""
	}
	var lines []string
	for i := range pods {
		if line := p.onePod(ctx, &pods[i]); line != "" {
			lines = append(lines, "\n  - "+line)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

func (p *provider) list(ctx context.Context, kind, namespace string, opts metav1.ListOptions) ([]unstructured.Unstructured, error) {
	client, err := p.cluster.client(ctx, schema.GroupVersionKind{Version: "v1", Kind: kind}, namespace)
	if err != nil {
		return nil, err
	}
	found, err := client.List(ctx, opts)
	if err != nil {
		return nil, err
	}
	return found.Items, nil
}

func (p *provider) onePod(ctx context.Context, pod *unstructured.Unstructured) string {
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	reasons := containerReasons(pod)
	if len(reasons) == 0 && phase == "Running" {
		return ""
	}
	if event := p.lastScheduling(ctx, pod); event != "" && phase == "Pending" {
		reasons = append(reasons, event)
	}
	return strings.TrimSuffix(fmt.Sprintf("pod %s is %s: %s", pod.GetName(), phase, strings.Join(reasons, "; ")), ": ")
}

// containerReasons are the reasons for which containers wait or ended.
func containerReasons(pod *unstructured.Unstructured) (reasons []string) {
	statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
	for _, entry := range statuses {
		status, _ := entry.(map[string]any)
		for _, state := range []string{"waiting", "terminated"} {
			reason, _, _ := unstructured.NestedString(status, "state", state, "reason")
			message, _, _ := unstructured.NestedString(status, "state", state, "message")
			if reason != "" {
				name, _ := status["name"].(string)
				reasons = append(reasons, strings.TrimSuffix(name+" "+reason+": "+message, ": "))
			}
		}
	}
	return reasons
}

// lastScheduling is why the scheduler found no node: the pod's own condition, or
// else the newest event about it.
func (p *provider) lastScheduling(ctx context.Context, pod *unstructured.Unstructured) string {
	if reason, message := condition(pod, "PodScheduled"); reason == "Unschedulable" {
		return message
	}
	events, err := p.list(ctx, "Event", pod.GetNamespace(), metav1.ListOptions{
		FieldSelector: "reason=FailedScheduling,involvedObject.kind=Pod,involvedObject.name=" + pod.GetName(),
	})
	if err != nil || len(events) == 0 {
		return ""
	}
	message, _, _ := unstructured.NestedString(events[len(events)-1].Object, "message")
	return message
}
