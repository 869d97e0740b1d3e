package userdata

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// renderNodeConfig writes nodeadm's NodeConfig (API node.eks.aws/v1alpha1).
// Labels and taints go in as kubelet flags, because EKS adds those of the node
// group only to AMIs of its own.
func renderNodeConfig(n NodeConfig) (string, error) {
	config := map[string]any{
		"apiVersion": "node.eks.aws/v1alpha1",
		"kind":       "NodeConfig",
		"spec": map[string]any{
			"cluster": map[string]any{
				"name":                 n.ClusterName,
				"apiServerEndpoint":    n.Endpoint,
				"certificateAuthority": n.CertificateAuthority,
				"cidr":                 n.ServiceIPv4CIDR,
			},
			"kubelet": map[string]any{"flags": kubeletFlags(n)},
		},
	}
	out, err := yaml.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("rendering the NodeConfig: %w", err)
	}
	return string(out), nil
}

func kubeletFlags(n NodeConfig) []string {
	var labels, flags []string
	for _, key := range slices.Sorted(maps.Keys(n.Labels)) {
		labels = append(labels, key+"="+n.Labels[key])
	}
	if len(labels) > 0 {
		flags = append(flags, "--node-labels="+strings.Join(labels, ","))
	}
	if len(n.Taints) > 0 {
		flags = append(flags, "--register-with-taints="+strings.Join(n.Taints, ","))
	}
	return flags
}
