package podimage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

// Built is the image for one architecture.
type Built struct {
	Plan         Plan
	Image        v1.Image
	Measurements eif.Measurements
	// SBOM is a bill of materials in CycloneDX's JSON, Provenance an in-toto statement
	// with SLSA's predicate. Both are about this image.
	SBOM, Provenance []byte
}

// Build makes an image. Files are read while it runs and again when the image is written;
// they must not change in between.
func Build(ctx context.Context, r Request) (*Built, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	in, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.enclave.Close() }()
	plan, err := r.plan(in)
	if err != nil {
		return nil, err
	}
	image, err := plan.image(ctx)
	if err != nil {
		return nil, err
	}
	b := &Built{Plan: plan, Image: image, Measurements: in.measurements}
	return b, r.describe(b, in)
}

// open looks at all files, and measures the enclave image: measurements that came from
// elsewhere could be those of another.
func (r Request) open(ctx context.Context) (inputs, error) {
	content, err := blob.File(r.EnclaveImage)
	if err != nil {
		return inputs{}, fmt.Errorf("enclave-image: %w", err)
	}
	enclave, err := eif.OpenFile(r.EnclaveImage)
	if err != nil {
		return inputs{}, fmt.Errorf("enclave-image: %w", err)
	}
	in := inputs{enclave: enclave, enclaveFile: content}
	if err := in.read(ctx, r); err != nil {
		return inputs{}, errors.Join(err, enclave.Close())
	}
	return in, nil
}

func (in *inputs) read(ctx context.Context, r Request) error {
	m, violations, err := in.enclave.Examine(ctx, eif.VerifyOptions{})
	if err != nil {
		return err
	}
	if len(violations) > 0 {
		return fmt.Errorf("enclave-image (%s): %w", r.EnclaveImage, violations)
	}
	in.measurements = m
	if in.enclaveSHA256, err = sha256Of(in.enclaveFile); err != nil {
		return err
	}
	if in.metadata, err = in.enclave.Metadata(); err != nil {
		return err
	}
	supervisor, err := openProgram("supervisor", r.Supervisor, in.enclave.Architecture())
	if err != nil {
		return err
	}
	in.supervisor = *supervisor
	if r.Init == "" {
		return nil
	}
	if in.init, err = openProgram("init", r.Init, in.enclave.Architecture()); err != nil {
		return err
	}
	if want := in.recorded().Init; want != in.init.sha256 {
		return fault.Fault{Property: "init", Value: r.Init, Rule: fmt.Sprintf("has SHA-256 %s, and the enclave image was made with %q", in.init.sha256, want),
			WayOut: "name the init that the enclave image was built with, or leave it out"}
	}
	return nil
}

// recorded are the inputs that the enclave image names; none if it is not ours.
func (in inputs) recorded() imagebuild.Inputs {
	var custom struct{ Inputs imagebuild.Inputs }
	// Metadata of others may have any shape.
	_ = json.Unmarshal(in.metadata.CustomMetadata, &custom)
	return custom.Inputs
}

func (r Request) plan(in inputs) (Plan, error) {
	measurements, err := json.Marshal(imagebuild.BuildInfo{Measurements: in.measurements})
	if err != nil {
		return Plan{}, err
	}
	layers := []Layer{baseLayer()}
	if len(r.Extra) > 0 {
		layers = append(layers, Layer{"extra", r.Extra})
	}
	layers = append(layers,
		Layer{"supervisor", []File{
			file(contract.SupervisorPath, 0o755, in.supervisor.content),
			link(contract.NitroCLIPath, "enclave-supervisor"),
		}},
		Layer{"enclave", []File{
			file(contract.EnclaveImagePath, 0o644, in.enclaveFile),
			file(contract.MeasurementsPath, 0o644, blob.Bytes(append(measurements, '\n'))),
		}})
	for i := range layers {
		layers[i] = layers[i].complete()
	}
	return Plan{Platform: platform(in.enclave.Architecture()), Layers: layers, Config: r.config(in, string(measurements))}, nil
}

func (r Request) name(in inputs) string    { return cmp.Or(r.Name, in.metadata.ImageName) }
func (r Request) version(in inputs) string { return cmp.Or(r.Version, in.metadata.ImageVersion) }

func platform(a eif.Architecture) v1.Platform {
	if a == eif.ARM64 {
		return v1.Platform{OS: "linux", Architecture: "arm64"}
	}
	return v1.Platform{OS: "linux", Architecture: "amd64"}
}
