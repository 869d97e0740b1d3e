package karpenter

import "errors"

// NodeClassDefinition is the name of EC2NodeClass's CustomResourceDefinition.
const NodeClassDefinition = "ec2nodeclasses.karpenter.k8s.aws"

// ErrTooOld is a cluster whose Karpenter cannot make enclave nodes. Its API server
// would drop the field without a word (1.14.0 to 1.14.3 launched enclave nodes by
// another rule, older ones never).
var ErrTooOld = errors.New("karpenter: this cluster's EC2NodeClass (" + NodeClassDefinition + ") has no spec.enclaveOptions, " +
	"without which Karpenter's nodes cannot run enclaves; upgrade Karpenter and its CRDs to 1.15 or newer, " +
	"or leave karpenter out for a managed node group")

// CheckDefinition returns ErrTooOld when the spec of EC2NodeClass's
// CustomResourceDefinition lacks enclaveOptions. A spec without versions is one that
// could not be read, and passes.
func CheckDefinition(spec map[string]any) error {
	versions, ok := spec["versions"].([]any)
	if !ok {
		return nil
	}
	for _, version := range versions {
		if at(version, "name") == "v1" {
			if at(version, "schema", "openAPIV3Schema", "properties", "spec", "properties", "enclaveOptions") == nil {
				return ErrTooOld
			}
			return nil
		}
	}
	return ErrTooOld
}

// CheckKept returns ErrTooOld when the API server has dropped enclaveOptions from
// the spec of an EC2NodeClass.
func CheckKept(spec map[string]any) error {
	if at(spec, "enclaveOptions", "enabled") != true {
		return ErrTooOld
	}
	return nil
}

// at follows keys into nested objects; nil where there is nothing.
func at(value any, path ...string) any {
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}
