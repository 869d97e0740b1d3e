package podimage

import (
	"bytes"
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Types of what is attached.
const (
	TypeSBOM       = "application/vnd.cyclonedx+json"
	TypeProvenance = "application/vnd.in-toto+json"
)

// emptyConfig is the configuration of what has none (OCI image specification 1.1,
// "Guidance for an Empty Descriptor").
const emptyConfig types.MediaType = "application/vnd.oci.empty.v1+json"

var emptyJSON = []byte("{}")

// Referrers are the artifacts about an image, each of which names it as its subject.
func (b *Built) Referrers() ([]v1.Image, error) {
	subject, err := partial.Descriptor(b.Image)
	if err != nil {
		return nil, err
	}
	var all []v1.Image
	for _, a := range []struct {
		kind    string
		content []byte
	}{{TypeSBOM, b.SBOM}, {TypeProvenance, b.Provenance}} {
		image, err := artifact(*subject, a.kind, a.content)
		if err != nil {
			return nil, err
		}
		all = append(all, image)
	}
	return all, nil
}

// referrer is an OCI artifact of one layer.
type referrer struct {
	manifest []byte
	layer    v1.Layer
}

func artifact(subject v1.Descriptor, kind string, content []byte) (v1.Image, error) {
	layer := static.NewLayer(content, types.MediaType(kind))
	described, err := partial.Descriptor(layer)
	if err != nil {
		return nil, err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(emptyJSON))
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: kind,
		Config:  v1.Descriptor{MediaType: emptyConfig, Size: size, Digest: digest},
		Layers:  []v1.Descriptor{*described},
		Subject: &v1.Descriptor{MediaType: subject.MediaType, Size: subject.Size, Digest: subject.Digest},
	})
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(referrer{manifest, layer})
}

// RawConfigFile implements partial.CompressedImageCore.
func (r referrer) RawConfigFile() ([]byte, error) { return emptyJSON, nil }

// MediaType implements partial.CompressedImageCore.
func (r referrer) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// RawManifest implements partial.CompressedImageCore.
func (r referrer) RawManifest() ([]byte, error) { return r.manifest, nil }

// LayerByDigest implements partial.CompressedImageCore.
func (r referrer) LayerByDigest(want v1.Hash) (partial.CompressedLayer, error) {
	got, err := r.layer.Digest()
	if err != nil {
		return nil, err
	}
	if want != got {
		return nil, fmt.Errorf("there is no layer %s", want)
	}
	return r.layer, nil
}
