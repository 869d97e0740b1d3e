// A program for the tests of the local stack itself: it looks up a definition by
// its name, as the Get functions of Pulumi's SDKs do.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// definition is what is of interest of a custom resource definition.
type definition struct {
	pulumi.CustomResourceState
	Spec pulumi.MapOutput `pulumi:"spec"`
}

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		name, _ := ctx.GetConfig("lookup:definition")
		found := &definition{}
		err := ctx.ReadResource("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "found", pulumi.ID(name), nil, found)
		if err != nil {
			return err
		}
		ctx.Export("group", found.Spec.ApplyT(func(spec map[string]any) any { return spec["group"] }))
		return nil
	})
}
