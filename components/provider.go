package components

import (
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// PackageName is the name of the Pulumi package.
const PackageName = "containment-chamber"

// Version is the version of the package, without a leading v. Release builds
// set it with -ldflags "-X .../components.Version=1.2.3".
var Version = "0.1.0-dev"

const repositoryURL = "https://github.com/unforeseen-consequences/pulumi-containment-chamber"

// Provider serves the components to every Pulumi language.
func Provider() (p.Provider, error) {
	return infer.NewProviderBuilder().
		WithDisplayName("Containment Chamber").
		WithDescription("Containment Chamber, an Ethereum remote signer, in AWS Nitro Enclaves on EKS: nodes, device plugin and signer in one pulumi up.").
		WithKeywords("category/cloud", "kind/component", "aws", "eks", "nitro-enclaves", "ethereum").
		WithHomepage(repositoryURL).
		WithRepository(repositoryURL).
		WithPublisher("Unforeseen Consequences").
		WithLicense("Apache-2.0").
		WithPluginDownloadURL("github://api.github.com/unforeseen-consequences/pulumi-containment-chamber").
		WithLanguageMap(languages()).
		WithModuleMap(map[tokens.ModuleName]tokens.ModuleName{"components": "index"}).
		WithComponents(
			infer.ComponentF(NewEnclaveNodeGroup),
			infer.ComponentF(NewDevicePlugin),
			infer.ComponentF(NewContainmentChamber),
		).
		Build()
}

// languages replaces go-provider's defaults, so they are repeated here.
func languages() map[string]any {
	return map[string]any{
		"go": map[string]any{
			"importBasePath":                 "github.com/unforeseen-consequences/pulumi-containment-chamber/sdk/go/containmentchamber",
			"generateResourceContainerTypes": true,
			"respectSchemaVersion":           true,
		},
		"nodejs": map[string]any{"respectSchemaVersion": true},
		"python": map[string]any{"respectSchemaVersion": true, "pyproject": map[string]any{"enabled": true}},
		"csharp": map[string]any{"respectSchemaVersion": true},
		"java":   map[string]any{},
	}
}
