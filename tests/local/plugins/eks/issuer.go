package main

import (
	"fmt"
	"strings"
)

// issuer is the address in a cluster's identities, which AWS knows once it exists.
func issuer(identities any) (string, error) {
	list, _ := identities.([]any)
	for _, identity := range list {
		oidcs, _ := identity.(map[string]any)["oidcs"].([]any)
		for _, oidc := range oidcs {
			if url, _ := oidc.(map[string]any)["issuer"].(string); strings.HasPrefix(url, "https://") {
				return url, nil
			}
		}
	}
	return "", fmt.Errorf("the cluster has no OIDC issuer: %v", identities)
}
