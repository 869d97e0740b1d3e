package karpenter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// written reads back what Start would write.
func written(t *testing.T, shapes []capacity.Shape) []instanceType {
	t.Helper()
	path := filepath.Join(t.TempDir(), "types.json")
	if err := writeInstanceTypes(path, shapes); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var types []instanceType
	if err := json.Unmarshal(data, &types); err != nil {
		t.Fatal(err)
	}
	return types
}

func TestInstanceTypeHasNoEnclaves(t *testing.T) {
	shape, ok := capacity.LookupShape("m6g.2xlarge")
	if !ok {
		t.Fatal("the catalogue has no m6g.2xlarge")
	}
	got := written(t, []capacity.Shape{shape})
	if len(got) != 1 || len(got[0].Offerings) != 4 {
		t.Fatalf("got %+v, want one type with four offerings", got)
	}
	got[0].Offerings = nil
	want := instanceType{
		Name: "m6g.2xlarge", Architecture: "arm64", OperatingSystems: []string{"linux"},
		Resources: map[string]string{"cpu": "8", "memory": "30310Mi", "pods": "58", "ephemeral-storage": "20Gi"},
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("instance type (-want +got):\n%s", diff)
	}
}

func TestOfferings(t *testing.T) {
	shape, _ := capacity.LookupShape("m5.xlarge")
	seen := map[string]float64{}
	for _, o := range typeOf(shape).Offerings {
		if !o.Available || o.Requirements[0].Operator != "In" || o.Requirements[1].Operator != "In" {
			t.Errorf("offering %+v", o)
		}
		seen[o.Requirements[0].Values[0]+" "+o.Requirements[1].Values[0]] = o.Price
	}
	want := map[string]float64{
		"on-demand eu-central-1a": price(shape), "on-demand eu-central-1b": price(shape),
		"spot eu-central-1a": price(shape) * 0.4, "spot eu-central-1b": price(shape) * 0.4,
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("offerings (-want +got):\n%s", diff)
	}
}

// TestPricesGrowWithSize: Karpenter takes the cheapest type that fits, which has to
// be the smallest of a family.
func TestPricesGrowWithSize(t *testing.T) {
	all := capacity.Catalogue()
	if got := written(t, nil); len(got) != len(all) {
		t.Errorf("%d types were written, want the whole catalogue of %d", len(got), len(all))
	}
	for i := 1; i < len(all); i++ {
		if all[i].VCPUs > all[i-1].VCPUs && price(all[i]) <= price(all[i-1]) {
			t.Errorf("%s costs no more than %s", all[i].InstanceType, all[i-1].InstanceType)
		}
	}
}
