package main

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// mark gives every object of Kubernetes an annotation, as people do to tell who
// owns what.
func mark(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	if !strings.HasPrefix(args.Type, "kubernetes:") {
		return nil
	}
	metadata, ok := args.Props["metadata"].(pulumi.Map)
	if !ok {
		metadata = pulumi.Map{}
	}
	annotations, ok := metadata["annotations"].(pulumi.Map)
	if !ok {
		annotations = pulumi.Map{}
	}
	annotations["example.com/owner"] = pulumi.String("staking")
	metadata["annotations"] = annotations
	args.Props["metadata"] = metadata
	return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
}
