package components

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tokenPrefix is the Pulumi package and module of the components. It is written
// out, because a type token cannot be asked for outside of a provider process,
// and the components are used as a library too.
const tokenPrefix = "containment-chamber:index:"

// invokeOptions are the options for a provider function that is called before
// the component is registered: the same provider that its children will have.
func invokeOptions(ctx *pulumi.Context, pkg string, opts []pulumi.ResourceOption) ([]pulumi.InvokeOption, error) {
	snapshot, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return nil, err
	}
	providers := snapshot.Providers
	if snapshot.Provider != nil {
		providers = append([]pulumi.ProviderResource{snapshot.Provider}, providers...)
	}
	for _, provider := range providers {
		urn, ok, err := known[pulumi.URN](ctx, provider.URN())
		if err != nil {
			return nil, err
		}
		if ok && strings.Contains(string(urn), "::pulumi:providers:"+pkg+"::") {
			return []pulumi.InvokeOption{pulumi.Provider(provider)}, nil
		}
	}
	if snapshot.Parent != nil {
		return []pulumi.InvokeOption{pulumi.Parent(snapshot.Parent)}, nil
	}
	return nil, nil
}
