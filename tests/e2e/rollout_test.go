package e2e

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// TestRollouts: an update finishes with and without a free slot, because the
// component chooses the strategy; with a free slot no replica is ever missed.
func TestRollouts(t *testing.T) {
	for _, tc := range []struct {
		name         string
		replicas     string
		surge, least int32
	}{
		{name: "free slot", replicas: "3", surge: 1, least: 3},
		{name: "no free slot", replicas: "4", surge: 0, least: 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := example(t, "existing-cluster-go", map[string]string{"clusterName": "demo", "replicas": tc.replicas})
			up(t, p)
			before := deployment(t)
			if got := before.Spec.Strategy.RollingUpdate.MaxSurge.IntVal; got != tc.surge {
				t.Errorf("maxSurge is %d, want %d", got, tc.surge)
			}
			least := watchAvailable(t, before)
			configure(t, p, map[string]string{"tag": "v1.6.0"})
			up(t, p)
			after := deployment(t)
			if after.Status.UpdatedReplicas != *after.Spec.Replicas || after.Status.AvailableReplicas != *after.Spec.Replicas {
				t.Errorf("the rollout has not finished: %+v", after.Status)
			}
			if got := least(); got < tc.least {
				t.Errorf("only %d pods were available at some moment, want at least %d", got, tc.least)
			}
		})
	}
}

// watchAvailable follows the Deployment from the given version on. The function
// that it returns ends the watch and says how few pods were available at worst.
func watchAvailable(t *testing.T, from *appsv1.Deployment) (least func() int32) {
	t.Helper()
	w, err := client(t).AppsV1().Deployments(namespace).Watch(t.Context(), metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("metadata.name", chamber).String(),
		ResourceVersion: from.ResourceVersion,
	})
	if err != nil {
		t.Fatal(err)
	}
	lowest, events := from.Status.AvailableReplicas, 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range w.ResultChan() {
			if d, ok := event.Object.(*appsv1.Deployment); ok {
				lowest, events = min(lowest, d.Status.AvailableReplicas), events+1
			}
		}
	}()
	return func() int32 {
		w.Stop()
		<-done
		if events < 3 {
			t.Errorf("saw only %d changes of the Deployment", events)
		}
		return lowest
	}
}
