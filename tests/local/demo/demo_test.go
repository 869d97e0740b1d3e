package demo

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var update = flag.Bool("update", false, "write the golden files")

const mi, gi = 1 << 20, 1 << 30

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestRender(t *testing.T) {
	full := Report{
		Nodes: []Node{
			{
				Name: "ip-10-0-7-9.eu-central-1.compute.internal", InstanceType: "m5.2xlarge",
				Slots: Use{2, 4}, EnclaveCPUs: Use{4, 6}, Pages: map[string]Use{"1Gi": {2 * gi, 3 * gi}, "2Mi": {}},
				FreeMilliCPU: 1725, FreeMemory: 26500 * mi,
			},
			{
				Name: "ip-10-0-8-1.eu-central-1.compute.internal", InstanceType: "t3.medium",
				FreeMilliCPU: 1930, FreeMemory: 3301 * mi,
			},
		},
		Pods: []Pod{
			{"chamber", "chamber-6d5f-abcde", "ip-10-0-7-9.eu-central-1.compute.internal", "Ready"},
			{"chamber", "chamber-6d5f-fghij", "", "Pending: 0/2 nodes are available"},
		},
		Services: []Service{{"chamber", "chamber", "10.96.0.7", "signer 9000, metrics 3000"}},
		Outputs:  []Output{{"capacity", `{"slots":4}`}, {"url", "http://chamber.chamber.svc:9000"}},
	}
	for name, report := range map[string]Report{"full.txt": full, "empty.txt": {}} {
		var out bytes.Buffer
		if err := Render(&out, report); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
	}
}

func TestRenderReleases(t *testing.T) {
	var out bytes.Buffer
	err := renderReleases(&out, []Release{
		{"v1.5.0", "chamber-7547886d8b-m85kq", strings.Repeat("0b38703f", 12), 8, 1, 14200 * time.Millisecond},
		{"v1.6.0", "chamber-667b44674c-gcsj7", strings.Repeat("9144bc86", 12), 8, 2, 14640 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "releases.txt", out.Bytes())
}

func TestRestarts(t *testing.T) {
	once := corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
		RestartCount: 1, LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 4, Message: "it did not boot"}},
	}}}}
	for want, pod := range map[string]corev1.Pod{
		"": {Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{}}}},
		", restarted 1 times, last after exit code 4: it did not boot": once,
	} {
		if got := restarts(&pod); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestIndented: the log of another process comes in pieces of whole lines.
func TestIndented(t *testing.T) {
	var out bytes.Buffer
	for _, piece := range []string{"one\ntwo\n", "", "three\n"} {
		if n, err := (indented{&out}).Write([]byte(piece)); err != nil || n != len(piece) {
			t.Errorf("%q: %d, %v", piece, n, err)
		}
	}
	if got, want := out.String(), "    one\n    two\n    three\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func pod(node string, phase corev1.PodPhase, requests corev1.ResourceList) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod"},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{
			{Resources: corev1.ResourceRequirements{Requests: requests}},
		}},
		Status: corev1.PodStatus{Phase: phase},
	}
}

func TestDescribeNodeSubtractsItsPods(t *testing.T) {
	amounts := func(cpu, memory, pages, slot string) corev1.ResourceList {
		return corev1.ResourceList{
			"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory),
			"hugepages-1Gi": resource.MustParse(pages), slots: resource.MustParse(slot),
		}
	}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{corev1.LabelInstanceTypeStable: "m5.xlarge"}},
		Status:     corev1.NodeStatus{Allocatable: amounts("2", "4Gi", "2Gi", "4")},
	}
	pods := []corev1.Pod{
		pod("a", corev1.PodRunning, amounts("500m", "1Gi", "1Gi", "1")),
		pod("b", corev1.PodRunning, amounts("1", "1Gi", "1Gi", "1")),
		pod("a", corev1.PodSucceeded, amounts("1", "1Gi", "1Gi", "1")),
	}
	want := Node{
		Name: "a", InstanceType: "m5.xlarge", Slots: Use{1, 4}, Pages: map[string]Use{"1Gi": {gi, 2 * gi}},
		FreeMilliCPU: 1500, FreeMemory: 3 * gi,
	}
	if diff := cmp.Diff(want, describeNode(node, pods)); diff != "" {
		t.Error(diff)
	}
}

func TestState(t *testing.T) {
	condition := func(kind corev1.PodConditionType, status corev1.ConditionStatus, message string) corev1.Pod {
		return corev1.Pod{Status: corev1.PodStatus{
			Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: kind, Status: status, Message: message}},
		}}
	}
	leaving := condition(corev1.PodReady, corev1.ConditionTrue, "")
	leaving.DeletionTimestamp = &metav1.Time{}
	tests := map[string]corev1.Pod{
		"Ready":                     condition(corev1.PodReady, corev1.ConditionTrue, ""),
		"Pending: no room":          condition(corev1.PodScheduled, corev1.ConditionFalse, "no room"),
		"Pending":                   condition(corev1.PodScheduled, corev1.ConditionTrue, ""),
		"Terminating":               leaving,
		string(corev1.PodSucceeded): {Status: corev1.PodStatus{Phase: corev1.PodSucceeded}},
	}
	for want, pod := range tests {
		if got := state(&pod); got != want {
			t.Errorf("state = %q, want %q", got, want)
		}
	}
}

func TestDescribeOutputs(t *testing.T) {
	got, err := describeOutputs(map[string]any{
		"url":      "http://chamber",
		"capacity": map[string]any{"slots": 4.0, "nodeResources": map[string]any{"cpu": "1930m"}},
		"names":    []any{"a", "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Output{
		{"capacity.nodeResources.cpu", "1930m"}, {"capacity.slots", "4"}, {"names", `["a","b"]`}, {"url", "http://chamber"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
