package nodetags

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// TestTemplateHabits: what the autoscaler makes of tags, ours or not.
func TestTemplateHabits(t *testing.T) {
	got := Template(map[string]string{
		"Name":                      "enclaves",
		"k8s.io/cluster-autoscaler": "x",
		"eks:nodegroup-name":        "enclaves",
		"k8s.io/cluster-autoscaler/node-template/label/example.com/a/b":     "c",
		"k8s.io/cluster-autoscaler/node-template/label/":                    "no name",
		"k8s.io/cluster-autoscaler/node-template/resources/memory":          "2048MiB",
		"k8s.io/cluster-autoscaler/node-template/resources/example.com/gpu": "1",
		"k8s.io/cluster-autoscaler/node-template/taint/a/b":                 "true:NoSchedule",
		"k8s.io/cluster-autoscaler/node-template/taint/no-effect":           "NoExecute",
		"k8s.io/cluster-autoscaler/node-template/taint/eks":                 "true:NO_SCHEDULE",
		"k8s.io/cluster-autoscaler/node-template/taint/no-value":            ":PreferNoSchedule",
	})
	want := Node{
		Resources: map[string]string{"example.com/gpu": "1"},
		Labels:    map[string]string{"nodegroup-name": "enclaves", "example.com/a/b": "c"},
		Taints:    []NodeTaint{{"a/b", "true", "NoSchedule"}, {"no-value", "", "PreferNoSchedule"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRoundTrip: of every plan the autoscaler reads what we wrote, and a node of
// it holds as many enclave pods as there are slots, and not one more.
func TestRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		instanceType string
		enclave      capacity.Enclave
		n            int
		reservation  capacity.Reservation
	}{
		{"m5.xlarge", capacity.Enclave{CPUs: 2, MemoryMiB: 1024}, 1, capacity.Allocator},
		{"m5.2xlarge", capacity.Enclave{CPUs: 2, MemoryMiB: 1280}, 3, capacity.Allocator},
		{"m5.2xlarge", capacity.Enclave{CPUs: 2, MemoryMiB: 512}, 2, capacity.Direct},
		{"c6g.2xlarge", capacity.Enclave{CPUs: 1, MemoryMiB: 768}, 4, capacity.Direct},
		{"r6i.4xlarge", capacity.Enclave{CPUs: 2, MemoryMiB: 2048}, 4, capacity.Allocator},
	} {
		t.Run(tc.instanceType, func(t *testing.T) {
			shape, known := capacity.LookupShape(tc.instanceType)
			if !known {
				t.Fatal("not in the catalogue")
			}
			plan, err := capacity.New(capacity.Request{Shape: shape, Enclave: tc.enclave, EnclavesPerNode: tc.n, Reservation: tc.reservation})
			if err != nil {
				t.Fatal(err)
			}
			node := Template(written(t, plan))
			want := Node{
				Resources: plan.NodeResources(),
				Labels:    map[string]string{contract.NodeLabel: contract.NodeLabelValue, contract.NodeGroupLabel: "enclaves"},
				Taints:    []NodeTaint{{contract.TaintKey, contract.TaintValue, contract.TaintEffect}},
			}
			if diff := cmp.Diff(want, node); diff != "" {
				t.Error(diff)
			}
			if got := pods(t, node, plan.PodResources()); got != plan.Slots {
				t.Errorf("%d pods fit, and there are %d slots", got, plan.Slots)
			}
		})
	}
}

// written are all tags of a plan.
func written(t *testing.T, plan capacity.Plan) map[string]string {
	t.Helper()
	tags := map[string]string{}
	add := func(tag Tag, err error) {
		if err != nil {
			t.Error(err)
		}
		tags[tag.Key] = tag.Value
	}
	add(Enabled(), nil)
	add(Owned("prod"))
	for name, quantity := range plan.NodeResources() {
		add(Resource(name, quantity))
	}
	add(Label(contract.NodeLabel, contract.NodeLabelValue))
	add(Label(contract.NodeGroupLabel, "enclaves"))
	add(Taint(contract.TaintKey, contract.TaintValue, contract.TaintEffect))
	return tags
}

// pods is how many pods with these requests a node holds.
func pods(t *testing.T, node Node, requests map[string]string) int {
	t.Helper()
	least := contract.MaxEnclavesPerNode + 1
	for name, request := range requests {
		least = min(least, milli(t, node.Resources[name])/milli(t, request))
	}
	return least
}

// milli reads the forms of quantities that a plan has, as thousandths.
func milli(t *testing.T, quantity string) int {
	t.Helper()
	digits := strings.TrimRight(quantity, "miGMT")
	factor, ok := map[string]int{"": 1000, "m": 1, "Mi": 1000 << 20, "Gi": 1000 << 30, "Ti": 1000 << 40}[quantity[len(digits):]]
	number, err := strconv.Atoi(digits)
	if err != nil || !ok {
		t.Fatalf("the plan has the quantity %q", quantity)
	}
	return number * factor
}
