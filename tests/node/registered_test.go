package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// components is where the golden files are. Tests of the components compare them with
// what the code makes, so they are as good as the code.
var components = filepath.Join("..", "..", "components")

// objects are those of a chamber that pods need.
type objects struct {
	deployment appsv1.Deployment
	account    corev1.ServiceAccount
	service    corev1.Service
	secret     corev1.Secret
	namespace  corev1.Namespace
}

// registered returns what ContainmentChamber registers for its smallest arguments.
func registered() (objects, error) {
	data, err := os.ReadFile(filepath.Join(components, "testdata", "chamber-minimal.json"))
	if err != nil {
		return objects{}, err
	}
	var all []struct {
		Type, Name string
		Inputs     json.RawMessage
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return objects{}, err
	}
	var o objects
	for name, into := range map[string]any{
		"kubernetes:apps/v1:Deployment chamber": &o.deployment, "kubernetes:core/v1:ServiceAccount chamber": &o.account,
		"kubernetes:core/v1:Service chamber": &o.service, "kubernetes:core/v1:Namespace chamber": &o.namespace,
		"kubernetes:core/v1:Secret chamber-config": &o.secret,
	} {
		found := false
		for _, r := range all {
			if r.Type+" "+r.Name == name {
				found = true
				if err := decode(r.Inputs, into); err != nil {
					return objects{}, fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		if !found {
			return objects{}, fmt.Errorf("no %s is registered", name)
		}
	}
	// Pulumi gives the secret a name, and the engine under the components' tests too.
	o.secret.Name = o.deployment.Spec.Template.Spec.Volumes[0].Secret.SecretName
	return o, nil
}

// decode reads an object and takes no field that Kubernetes does not know.
func decode(data []byte, into any) error {
	var secret struct {
		StringData struct{ Secret map[string]string }
	}
	if _, ok := into.(*corev1.Secret); ok { // the golden file marks secrets
		if err := json.Unmarshal(data, &secret); err != nil {
			return err
		}
		*into.(*corev1.Secret) = corev1.Secret{StringData: secret.StringData.Secret}
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
