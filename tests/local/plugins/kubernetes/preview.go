package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// serverFields are fields of every object that only the apiserver can fill.
var serverFields = [][]string{
	{"metadata", "uid"}, {"metadata", "resourceVersion"}, {"metadata", "creationTimestamp"}, {"metadata", "generation"},
}

// previewCreate is what is known of an object before it exists: the inputs. What
// the apiserver will fill in is unknown, never empty.
func previewCreate(inputs resource.PropertyMap) resource.PropertyMap {
	outputs := inputs.Copy()
	for _, path := range serverFields {
		setField(outputs, unknown(), path...)
	}
	for _, path := range assigned(inputs) {
		if field(outputs, path...).IsNull() {
			setField(outputs, unknown(), path...)
		}
	}
	return hideData(outputs)
}

// previewUpdate is the same for an object that exists: its identity stays.
func previewUpdate(inputs, olds resource.PropertyMap) resource.PropertyMap {
	outputs := previewCreate(inputs)
	stable := [][]string{{"metadata", "uid"}, {"metadata", "creationTimestamp"}}
	if text(inputs["kind"]) == "Service" {
		stable = append(stable, []string{"spec", "clusterIP"}, []string{"spec", "clusterIPs"})
	}
	for _, path := range stable {
		if old := field(olds, path...); !old.IsNull() && field(outputs, path...).IsComputed() {
			setField(outputs, old, path...)
		}
	}
	return outputs
}

// assigned are fields of certain kinds that the apiserver or a controller fills.
func assigned(inputs resource.PropertyMap) [][]string {
	switch text(inputs["kind"]) {
	case "Service":
		return [][]string{{"status"}, {"spec", "clusterIP"}, {"spec", "clusterIPs"}}
	case "Secret", "ConfigMap", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy":
		return nil
	default:
		return [][]string{{"status"}}
	}
}

func unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewProperty(""))
}
