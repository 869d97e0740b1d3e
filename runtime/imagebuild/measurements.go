package imagebuild

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// BuildInfo has the shape of what `nitro-cli build-enclave` prints.
type BuildInfo struct {
	Measurements eif.Measurements
}

// MeasurementsPath is where the measurements of an image are kept: signer.eif has
// signer.measurements.json beside it.
func MeasurementsPath(image string) string {
	return strings.TrimSuffix(image, ".eif") + ".measurements.json"
}

// keep puts an image and its measurements in their places. In between there is an
// image without measurements, never one with those of another.
func keep(image *Draft, m eif.Measurements) error {
	path := MeasurementsPath(image.path)
	draft, err := NewDraft(path)
	if err != nil {
		return err
	}
	defer draft.Discard()
	if err := encodeMeasurements(draft, m); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := image.Keep(); err != nil {
		return err
	}
	return draft.Keep()
}

func encodeMeasurements(d *Draft, m eif.Measurements) error {
	e := json.NewEncoder(d)
	e.SetIndent("", "  ")
	return e.Encode(BuildInfo{m})
}

// ReadMeasurements reads a file of measurements, in the shape of [BuildInfo] or without
// its outer object.
func ReadMeasurements(path string) (eif.Measurements, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return eif.Measurements{}, err
	}
	var info struct{ Measurements json.RawMessage }
	if err := json.Unmarshal(b, &info); err != nil {
		return eif.Measurements{}, err
	}
	if info.Measurements != nil {
		b = info.Measurements
	}
	var m eif.Measurements
	return m, json.NewDecoder(bytes.NewReader(b)).Decode(&m)
}

// Sign writes a signed copy of an image, with its measurements beside it. The output may
// be the image's own file.
func Sign(ctx context.Context, output string, im *eif.Image, signer *eif.Signer) (eif.Measurements, error) {
	draft, err := NewDraft(output)
	if err != nil {
		return eif.Measurements{}, err
	}
	defer draft.Discard()
	m, err := eif.Sign(ctx, draft, im, signer)
	if err != nil {
		return eif.Measurements{}, err
	}
	return m, keep(draft, m)
}
