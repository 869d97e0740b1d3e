package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// onKwok makes a NodePool refer to the kwok provider's node class, since nobody here
// would make EC2 instances of the real one. It can also shorten the time that a
// NodeOverlay is waited for.
func onKwok(overlayTimeout string) pulumi.ResourceTransform {
	return func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		switch {
		case args.Type == "kubernetes:karpenter.sh/v1:NodePool":
			inner(args.Props, "spec", "template", "spec")["nodeClassRef"] = pulumi.Map{
				"group": pulumi.String("karpenter.kwok.sh"), "kind": pulumi.String("KWOKNodeClass"), "name": pulumi.String("default"),
			}
		case args.Type == "kubernetes:karpenter.sh/v1alpha1:NodeOverlay" && overlayTimeout != "":
			inner(args.Props, "metadata", "annotations")["pulumi.com/timeoutSeconds"] = pulumi.String(overlayTimeout)
		default:
			return nil
		}
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	}
}

// inner is an object inside the properties.
func inner(props pulumi.Map, path ...string) pulumi.Map {
	for _, name := range path {
		props = props[name].(pulumi.Map)
	}
	return props
}
