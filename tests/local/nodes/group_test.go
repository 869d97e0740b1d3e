package nodes

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// userData asks for two CPUs and 1 GiB.
var userData = base64.StdEncoding.EncodeToString([]byte("MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=\"B\"\r\n\r\n--B\r\nContent-Type: text/x-shellscript\r\n\r\n" +
	"readonly RESERVATION=direct\nreadonly CPU_COUNT=2\nreadonly MEMORY_MIB=1024\nreadonly PAGE_KIB=2048\n\r\n--B--\r\n"))

func template(enclaves bool) map[string]any {
	return map[string]any{
		"instanceType": "m5.xlarge", "userData": userData, "enclaveOptions": map[string]any{"enabled": enclaves},
	}
}

// account has one node group on version 1 of a launch template with two.
func account(change func(map[string]any)) *awsstate.State {
	inputs := map[string]any{
		"nodeGroupName": "enclaves", "scalingConfig": map[string]any{"desiredSize": float64(2)},
		"labels":         map[string]any{"aws-nitro-enclaves-k8s-dp": "enabled"},
		"taints":         []any{map[string]any{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}},
		"launchTemplate": map[string]any{"id": "lt-1", "version": "1"},
	}
	if change != nil {
		change(inputs)
	}
	state := &awsstate.State{Resources: map[string]awsstate.Resource{}}
	state.Put(awsstate.Resource{Type: nodeGroupType, ID: "demo:enclaves", Inputs: inputs})
	state.Put(awsstate.Resource{
		Type: launchTemplateType, ID: "lt-1", Inputs: template(false),
		Versions: []map[string]any{template(true), template(false)},
	})
	return state
}

func TestGroups(t *testing.T) {
	all, err := groups(account(nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d groups", len(all))
	}
	g := all[0]
	if g.name != "enclaves" || g.size != 2 || g.template != "lt-1:1" || g.instanceType != "m5.xlarge" {
		t.Errorf("group %+v", g)
	}
	if g.machine.OfflineCPUs != 2 || g.machine.Pages[2048] != 512 {
		t.Errorf("machine %+v", g.machine)
	}
	want := []corev1.Taint{{Key: "k", Value: "v", Effect: corev1.TaintEffectNoSchedule}}
	if diff := cmp.Diff(want, g.taints); diff != "" {
		t.Error(diff)
	}
}

func TestGroupsUseTheirTemplatesVersion(t *testing.T) {
	for version, offline := range map[string]int{"1": 2, "2": 0, "$Latest": 0} {
		all, err := groups(account(func(m map[string]any) { m["launchTemplate"] = map[string]any{"id": "lt-1", "version": version} }))
		if err != nil {
			t.Fatal(err)
		}
		if got := all[0].machine; got.OfflineCPUs != offline || (got.Refused == "") != (offline > 0) {
			t.Errorf("version %s: %+v", version, got)
		}
	}
}

func TestGroupsThatCannotBe(t *testing.T) {
	tests := map[string]func(map[string]any){
		"does not exist": func(m map[string]any) { m["launchTemplate"] = map[string]any{"id": "lt-9", "version": "1"} },
		"has no version": func(m map[string]any) { m["launchTemplate"] = map[string]any{"id": "lt-1", "version": "7"} },
		"taint effect":   func(m map[string]any) { m["taints"] = []any{map[string]any{"key": "k", "effect": "NoSchedule"}} },
		"instance type":  func(m map[string]any) { delete(m, "launchTemplate"); m["instanceTypes"] = []any{"x1.tiny"} },
	}
	for want, change := range tests {
		if _, err := groups(account(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestWantedNodes(t *testing.T) {
	all, err := groups(account(func(m map[string]any) { m["scalingConfig"] = map[string]any{"desiredSize": float64(200)} }))
	if err != nil {
		t.Fatal(err)
	}
	first, again := wanted(all), wanted(all)
	if len(first) != 200 {
		t.Fatalf("%d nodes", len(first))
	}
	zones := map[string]int{}
	for name, node := range first {
		if again[name] == nil || node.Name != name || node.Labels[corev1.LabelHostname] != name {
			t.Errorf("node %s is not the same again", name)
		}
		zones[node.Labels[corev1.LabelTopologyZone]]++
		if node.Labels["aws-nitro-enclaves-k8s-dp"] != "enabled" || node.Labels[corev1.LabelArchStable] != "amd64" {
			t.Errorf("labels %v", node.Labels)
		}
		if _, ok := node.Status.Capacity[slotResource]; ok {
			t.Error("slots without a device plugin")
		}
	}
	if zones["eu-central-1a"] != 100 || zones["eu-central-1b"] != 100 {
		t.Errorf("zones %v", zones)
	}
}
