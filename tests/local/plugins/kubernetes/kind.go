package main

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kindOf reads group, version and kind of a resource: from its inputs when they
// have them, else from its type token.
func kindOf(urn resource.URN, inputs resource.PropertyMap) (schema.GroupVersionKind, error) {
	apiVersion, kind, err := parseToken(string(urn.Type()))
	if err != nil {
		return schema.GroupVersionKind{}, err
	}
	if v := text(inputs["apiVersion"]); v != "" {
		apiVersion = v
	}
	if v := text(inputs["kind"]); v != "" {
		kind = v
	}
	return schema.FromAPIVersionAndKind(apiVersion, kind), nil
}

// parseToken reads kubernetes:<group>/<version>:<Kind>, in which the core group
// is called core.
func parseToken(token string) (apiVersion, kind string, err error) {
	parts := strings.Split(token, ":")
	switch {
	case len(parts) != 3 || parts[0] != "kubernetes":
		return "", "", fmt.Errorf("type %q is not one of the kubernetes package", token)
	case strings.HasPrefix(parts[1], "helm.sh/"), strings.HasPrefix(parts[1], "yaml"),
		strings.HasPrefix(parts[1], "kustomize"):
		return "", "", fmt.Errorf("type %q: the local stack's stand-in has no charts and no YAML files", token)
	case strings.HasSuffix(parts[2], "Patch"):
		return "", "", fmt.Errorf("type %q: the local stack's stand-in has no Patch resources", token)
	}
	return strings.TrimPrefix(parts[1], "core/"), parts[2], nil
}

// clusterScoped are kinds without a namespace, for when no cluster can be asked.
var clusterScoped = map[string]bool{
	"Namespace": true, "Node": true, "PersistentVolume": true, "ClusterRole": true, "ClusterRoleBinding": true,
	"StorageClass": true, "PriorityClass": true, "RuntimeClass": true, "IngressClass": true, "CSIDriver": true,
	"CustomResourceDefinition": true, "APIService": true, "MutatingWebhookConfiguration": true,
	"ValidatingWebhookConfiguration": true, "ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true,
	"CertificateSigningRequest": true, "EC2NodeClass": true, "NodePool": true, "NodeClaim": true, "NodeOverlay": true,
	"KWOKNodeClass": true, "FlowSchema": true, "PriorityLevelConfiguration": true, "VolumeAttachment": true,
}

// namespaced are the groups whose other kinds all have one.
var namespaced = map[string]bool{
	"": true, "apps": true, "batch": true, "policy": true, "networking.k8s.io": true, "autoscaling": true,
	"rbac.authorization.k8s.io": true, "coordination.k8s.io": true, "discovery.k8s.io": true, "events.k8s.io": true,
	"monitoring.coreos.com": true,
}
