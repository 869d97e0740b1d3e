package podimage

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Set are the images of one release, for one architecture or for both.
type Set struct {
	Images []*Built
}

// BuildAll builds an image for each request; they must be for different architectures.
func BuildAll(ctx context.Context, requests ...Request) (Set, error) {
	var s Set
	seen := map[string]bool{}
	for i, r := range requests {
		b, err := Build(ctx, r)
		if err != nil {
			return Set{}, err
		}
		arch := b.Plan.Platform.Architecture
		if seen[arch] {
			return Set{}, fault.Fault{Property: fmt.Sprintf("enclave-image[%d]", i), Value: r.EnclaveImage,
				Rule: "is for " + arch + " as another one is", WayOut: "give one enclave image and one supervisor for each architecture"}
		}
		seen[arch] = true
		s.Images = append(s.Images, b)
	}
	if len(s.Images) == 0 {
		return Set{}, fault.Fault{Property: "enclave-image", Rule: "is required"}
	}
	return s, nil
}

// Digest is that of the index, or of the only image: what a deployment pins.
func (s Set) Digest() (v1.Hash, error) {
	if len(s.Images) == 1 {
		return s.Images[0].Image.Digest()
	}
	return s.index().Digest()
}

// index names the images by platform.
func (s Set) index() v1.ImageIndex {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range s.Images {
		platform := b.Plan.Platform
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: b.Image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return index
}

// referrers of all images.
func (s Set) referrers() ([]v1.Image, error) {
	var all []v1.Image
	for _, b := range s.Images {
		r, err := b.Referrers()
		if err != nil {
			return nil, err
		}
		all = append(all, r...)
	}
	return all, nil
}
