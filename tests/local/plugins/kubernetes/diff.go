package main

import (
	"context"
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Diff compares what the program said last time with what it says now.
func (p *provider) Diff(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	// Secret or not is no difference to the apiserver.
	bare := plugin.MarshalOptions{KeepUnknowns: true}
	olds, err := plugin.UnmarshalProperties(r.GetOldInputs(), bare)
	if err != nil {
		return nil, err
	}
	news, err := plugin.UnmarshalProperties(r.GetNews(), bare)
	if err != nil {
		return nil, err
	}
	kind, err := kindOf(resource.URN(r.GetUrn()), news)
	if err != nil {
		return nil, err
	}
	return diff(olds, news, p.replaces(kind)), nil
}

func diff(olds, news resource.PropertyMap, forces []string) *pulumirpc.DiffResponse {
	changes := olds.Diff(news)
	if changes == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	}
	response := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_SOME, HasDetailedDiff: true,
		DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	for path, change := range plugin.NewDetailedDiffFromObjectDiff(changes, true) {
		sameKind := path == "apiVersion" && sameGroup(olds, news)
		if !sameKind && slices.ContainsFunc(forces, concerns(path)) {
			change = change.ToReplace()
			response.Replaces = append(response.Replaces, path)
		}
		response.Diffs = append(response.Diffs, topLevel(path))
		response.DetailedDiff[path] = &pulumirpc.PropertyDiff{
			Kind: pulumirpc.PropertyDiff_Kind(change.Kind), InputDiff: true, //nolint:gosec // same numbers
		}
	}
	sort.Strings(response.GetReplaces())
	sort.Strings(response.GetDiffs())
	response.Diffs = slices.Compact(response.GetDiffs())
	// Two objects cannot have one name; with a name of its own the new one is
	// made first.
	response.DeleteBeforeReplace = len(response.GetReplaces()) > 0 && sameIdentity(olds, news)
	return response
}

// replaces are the fields that cannot change in place: those that the real
// provider knows.
func (p *provider) replaces(kind schema.GroupVersionKind) []string {
	paths := []string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}
	switch {
	case kind.Kind == "ConfigMap" && p.config.mutableConfigMaps, kind.Kind == "Secret" && p.config.mutableSecrets:
		return append(paths, "type", "immutable")
	default:
		return append(paths, immutable[kind.GroupKind().String()]...)
	}
}

var immutable = map[string][]string{
	"Deployment.apps":  {"spec.selector"},
	"DaemonSet.apps":   {"spec.selector"},
	"ReplicaSet.apps":  {"spec.selector"},
	"StatefulSet.apps": {"spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"},
	"Job.batch":        {"spec.selector", "spec.template"},
	"ConfigMap":        {"data", "binaryData", "immutable"},
	"Secret":           {"data", "stringData", "type", "immutable"},
	"Service":          {"spec.clusterIP", "spec.type"},
	"Pod":              {"spec.containers", "spec.nodeName", "spec.volumes"},

	"PersistentVolumeClaim":                        {"spec"},
	"RoleBinding.rbac.authorization.k8s.io":        {"roleRef"},
	"ClusterRoleBinding.rbac.authorization.k8s.io": {"roleRef"},
	"StorageClass.storage.k8s.io":                  {"parameters", "provisioner"},
}

// concerns says whether a changed path is at, below or above a field.
func concerns(path string) func(string) bool {
	return func(field string) bool { return path == field || below(path, field) || below(field, path) }
}

func below(path, field string) bool {
	rest, ok := strings.CutPrefix(path, field)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func topLevel(path string) string {
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return path
}

func sameGroup(olds, news resource.PropertyMap) bool {
	group := func(m resource.PropertyMap) string {
		return schema.FromAPIVersionAndKind(text(m["apiVersion"]), "").Group
	}
	return group(olds) == group(news)
}

func sameIdentity(olds, news resource.PropertyMap) bool {
	for _, name := range []string{"name", "namespace"} {
		if text(field(olds, "metadata", name)) != text(field(news, "metadata", name)) {
			return false
		}
	}
	return !autonamed(news)
}
