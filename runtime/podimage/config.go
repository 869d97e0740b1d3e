package podimage

import (
	"fmt"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// Labels of an image, beside those of the OCI image specification.
const (
	// LabelMeasurements has measurements.json: a registry answers with it before
	// anybody pulls the image.
	LabelMeasurements = "io.containment-chamber.measurements"
	// LabelSigner is the image of the signer that runs in the enclave.
	LabelSigner = "io.containment-chamber.signer"
)

// config is the image's configuration. PATH is for `kubectl exec … nitro-cli`.
func (r Request) config(in inputs, measurements string) v1.Config {
	labels := map[string]string{
		"org.opencontainers.image.title":   r.name(in),
		"org.opencontainers.image.version": r.version(in),
		LabelMeasurements:                  measurements,
	}
	if signer := in.signer().reference(); signer != "" {
		labels[LabelSigner] = signer
	}
	ports := map[string]struct{}{}
	for _, port := range []int{contract.PortAPI, contract.PortTLS, contract.PortMetrics, contract.PortSupervisor} {
		ports[fmt.Sprintf("%d/tcp", port)] = struct{}{}
	}
	return v1.Config{
		Entrypoint:   []string{contract.SupervisorPath},
		Env:          append([]string{"PATH=" + path.Dir(contract.NitroCLIPath)}, r.Env...),
		ExposedPorts: ports,
		Labels:       labels,
		User:         fmt.Sprintf("%d:%d", contract.UserID, contract.GroupID),
		WorkingDir:   "/",
	}
}
