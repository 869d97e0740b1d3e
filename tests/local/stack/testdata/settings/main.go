// A program for the tests of the local stack itself: what the real engine makes
// of the kubernetes stand-in, without any of the product.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// object is any resource of the kubernetes package.
type object struct {
	pulumi.CustomResourceState
	Metadata pulumi.MapOutput `pulumi:"metadata"`
}

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		value, _ := ctx.GetConfig("settings:value")
		key, _ := ctx.GetConfig("settings:key")
		settings, secret := &object{}, &object{}
		err := ctx.RegisterResource("kubernetes:core/v1:ConfigMap", "settings", pulumi.Map{
			"data": pulumi.StringMap{"value": pulumi.String(value)},
		}, settings)
		if err != nil {
			return err
		}
		err = ctx.RegisterResource("kubernetes:core/v1:Secret", "key", pulumi.Map{
			"metadata": pulumi.StringMap{"name": pulumi.String("key")},
			"stringData": pulumi.StringMap{
				"key": pulumi.ToSecret(pulumi.String(key)).(pulumi.StringOutput),
				"of":  settings.Metadata.ApplyT(name).(pulumi.StringOutput),
			},
		}, secret)
		if err != nil {
			return err
		}
		ctx.Export("name", settings.Metadata.ApplyT(name))
		return nil
	})
}

func name(metadata map[string]any) string { return metadata["name"].(string) }
