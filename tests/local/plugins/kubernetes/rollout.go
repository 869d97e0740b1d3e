package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// judges are those of the kinds that are awaited without being asked for. The keys
// are Kind.group, as schema.GroupKind prints them.
var judges = map[string]judge{
	"Deployment.apps": judgeDeployment,
	"DaemonSet.apps":  judgeDaemonSet,
	"Namespace":       judgeNamespace,
}

// judgeDeployment wants every replica to be of the newest template and available,
// and none of an older one left.
func judgeDeployment(live *unstructured.Unstructured) verdict {
	if !observed(live) {
		return verdict{waiting: "the controller has not seen the change"}
	}
	want := int64(1)
	if n, ok, _ := unstructured.NestedInt64(live.Object, "spec", "replicas"); ok {
		want = n
	}
	updated, total := count(live, "updatedReplicas"), count(live, "replicas")
	available := count(live, "availableReplicas")
	progress := fmt.Sprintf("%d of %d replicas updated, %d available, %d old ones left", updated, want, available, total-updated)
	if updated >= want && total == updated && available >= updated {
		return verdict{done: true}
	}
	if reason, message := condition(live, "Progressing"); reason == "ProgressDeadlineExceeded" {
		return verdict{failed: "progress deadline exceeded: " + progress + "; " + message}
	}
	if _, message := condition(live, "ReplicaFailure"); message != "" {
		progress += "; " + message
	}
	return verdict{waiting: progress}
}

// judgeDaemonSet wants a newest pod available on every node that should have one,
// which may be no node at all.
func judgeDaemonSet(live *unstructured.Unstructured) verdict {
	if !observed(live) {
		return verdict{waiting: "the controller has not seen the change"}
	}
	want, available := count(live, "desiredNumberScheduled"), count(live, "numberAvailable")
	updated := count(live, "updatedNumberScheduled")
	if strategy, _, _ := unstructured.NestedString(live.Object, "spec", "updateStrategy", "type"); strategy == "OnDelete" {
		updated = want
	}
	if updated >= want && available >= want {
		return verdict{done: true}
	}
	return verdict{waiting: fmt.Sprintf("pods on %d of %d nodes updated, %d available", updated, want, available)}
}

func judgeNamespace(live *unstructured.Unstructured) verdict {
	phase, _, _ := unstructured.NestedString(live.Object, "status", "phase")
	return verdict{done: phase == "Active", waiting: "the namespace is " + phase}
}

func observed(live *unstructured.Unstructured) bool {
	return count(live, "observedGeneration") >= live.GetGeneration()
}

func count(live *unstructured.Unstructured, name string) int64 {
	n, _, _ := unstructured.NestedInt64(live.Object, "status", name)
	return n
}

// condition returns reason and message of a condition; nothing when there is no
// such condition.
func condition(live *unstructured.Unstructured, kind string) (reason, message string) {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, entry := range conditions {
		fields, _ := entry.(map[string]any)
		if fields["type"] == kind {
			reason, _ = fields["reason"].(string)
			message, _ = fields["message"].(string)
		}
	}
	return reason, message
}
