package components

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/signerconfig"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// renderedConfig is the signer's configuration with the faults of the arguments
// that it follows from.
type renderedConfig struct {
	text string
	err  error
}

func (a *ContainmentChamberArgs) renderConfig() pulumi.Output {
	return pulumi.All(a.Config, stringOr(a.EnclaveSelector, signerconfig.TEE)).ApplyT(func(v []any) renderedConfig {
		text, err := signerconfig.Render(v[0].(map[string]any), v[1].(string))
		return renderedConfig{text, err}
	})
}

// configSecret registers the Secret. It is immutable and named by Pulumi, so a
// change of the configuration makes a new one beside it, and pods move over to
// it one by one; a rollout that goes wrong still has the old one to go back to.
func (b *chamberBuilder) configSecret() (*corev1.Secret, error) {
	text := b.args.renderConfig().ApplyT(func(v any) (string, error) {
		rendered := v.(renderedConfig)
		return rendered.text, rendered.err
	}).(pulumi.StringOutput)
	secret, err := corev1.NewSecret(b.ctx, b.name+"-config", &corev1.SecretArgs{
		Metadata:   &metav1.ObjectMetaArgs{Namespace: b.namespaceName(), Labels: b.labels()},
		Type:       pulumi.String("Opaque"),
		Immutable:  pulumi.Bool(true),
		StringData: pulumi.StringMap{contract.ConfigFile: pulumi.ToSecret(text).(pulumi.StringOutput)},
	}, b.parent())
	if err != nil {
		return nil, fmt.Errorf("creating the configuration secret: %w", err)
	}
	return secret, nil
}
