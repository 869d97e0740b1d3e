package components

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// imageReference writes the reference of the chamber's image. Releases have
// several images; the one with the supervisor has the suffix in its tag, and
// users copy tags with and without it.
func imageReference(repository, tag, digest string) string {
	ref := repository
	if tag != "" {
		ref += ":" + strings.TrimSuffix(tag, contract.ImageSuffix) + contract.ImageSuffix
	}
	if digest != "" {
		ref += "@" + digest
	}
	return ref
}

func (a *ContainmentChamberArgs) imageReference() pulumi.StringOutput {
	return pulumi.All(stringOr(a.Image, contract.DefaultImage), stringOr(a.Tag, ""), stringOr(a.Digest, "")).
		ApplyT(func(v []any) string {
			return imageReference(v[0].(string), v[1].(string), v[2].(string))
		}).(pulumi.StringOutput)
}
