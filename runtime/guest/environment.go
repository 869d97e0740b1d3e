package guest

import (
	"maps"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/launch"
)

// enclaveDefaults tell AWS's SDKs what an enclave lacks (AWS SDKs and Tools Reference
// Guide, "Account-based endpoints" and "IMDS credential provider").
var enclaveDefaults = map[string]string{
	// Where they know the account, as with IRSA and Pod Identity, they would call
	// <account>.ddb.<region>.amazonaws.com, which no allow-list can foresee.
	"AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
	// There is no instance metadata, and asking for it takes seconds.
	"AWS_EC2_METADATA_DISABLED": "true",
}

// environment is the payload's: the image's, the bootstrap's over it, and the defaults
// where neither says anything.
func environment(spec launch.Spec, bootstrap map[string]string) []string {
	more := maps.Clone(enclaveDefaults)
	maps.DeleteFunc(more, func(name, _ string) bool {
		return slices.ContainsFunc(spec.Env, func(item string) bool { return strings.HasPrefix(item, name+"=") })
	})
	maps.Copy(more, bootstrap)
	return spec.WithEnv(more)
}
