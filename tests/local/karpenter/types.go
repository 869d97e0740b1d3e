package karpenter

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// instanceType is an entry of the file that the kwok provider reads: field names
// and their case are those of InstanceTypeOptions in sigs.k8s.io/karpenter's
// kwok/cloudprovider/helpers.go.
type instanceType struct {
	Name             string            `json:"name"`
	Architecture     string            `json:"architecture"`
	OperatingSystems []string          `json:"operatingSystems"`
	Resources        map[string]string `json:"resources"`
	Offerings        []offering        `json:"offerings"`
}

type offering struct {
	Price        float64
	Available    bool
	Requirements []requirement
}

type requirement struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// zones are those in which the node simulator has nodes too.
var zones = []string{"eu-central-1a", "eu-central-1b"}

// Karpenter for AWS takes this part of the memory off for the hypervisor: its
// setting vmMemoryOverheadPercent, 0.075 unless set.
const memoryOverhead = 0.075

func writeInstanceTypes(path string, shapes []capacity.Shape) error {
	if shapes == nil {
		shapes = capacity.Catalogue()
	}
	types := make([]instanceType, 0, len(shapes))
	for _, shape := range shapes {
		types = append(types, typeOf(shape))
	}
	data, err := json.MarshalIndent(types, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("writing the instance types: %w", err)
	}
	return nil
}

// typeOf is an instance type as Karpenter knows it: without enclaves or pages,
// which only a NodeOverlay can add.
func typeOf(shape capacity.Shape) instanceType {
	memory := float64(shape.MemoryMiB) * (1 - memoryOverhead)
	t := instanceType{
		Name: shape.InstanceType, Architecture: kubernetesArch(shape.Architecture), OperatingSystems: []string{"linux"},
		Resources: map[string]string{
			"cpu":               strconv.Itoa(shape.VCPUs),
			"memory":            strconv.Itoa(int(memory)) + "Mi",
			"pods":              strconv.Itoa(shape.PodLimit()),
			"ephemeral-storage": "20Gi",
		},
	}
	for _, zone := range zones {
		onDemand := price(shape)
		t.Offerings = append(t.Offerings, offer("on-demand", zone, onDemand), offer("spot", zone, onDemand*0.4))
	}
	return t
}

// price is made up, but grows with the size as real ones do: it is what the
// choice between types depends on. In dollars per hour.
func price(shape capacity.Shape) float64 {
	return 0.03*float64(shape.VCPUs) + 0.0045*float64(shape.MemoryMiB)/1024
}

func offer(capacityType, zone string, price float64) offering {
	return offering{Price: price, Available: true, Requirements: []requirement{
		{Key: "karpenter.sh/capacity-type", Operator: "In", Values: []string{capacityType}},
		{Key: "topology.kubernetes.io/zone", Operator: "In", Values: []string{zone}},
	}}
}

func kubernetesArch(a capacity.Architecture) string {
	if a == capacity.ARM64 {
		return "arm64"
	}
	return "amd64"
}
