package podimage

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Push uploads images and referrers under a tag, with the credentials of docker's
// configuration. The tag comes last: whoever sees it finds everything there. Registries
// without the referrers API get the tag that OCI 1.1 names for them.
func (s Set) Push(ctx context.Context, reference string) (v1.Hash, error) {
	tag, err := name.NewTag(reference)
	if err != nil {
		return v1.Hash{}, fault.Fault{Property: "push", Value: reference, Rule: err.Error(), WayOut: "name a repository and a tag"}
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	for _, b := range s.Images {
		if err := pushImage(tag.Context(), b.Image, options); err != nil {
			return v1.Hash{}, err
		}
	}
	referrers, err := s.referrers()
	if err != nil {
		return v1.Hash{}, err
	}
	for _, r := range referrers {
		if err := pushImage(tag.Context(), r, options); err != nil {
			return v1.Hash{}, err
		}
	}
	if err := s.tag(tag, options); err != nil {
		return v1.Hash{}, fmt.Errorf("pushing %s: %w", tag, err)
	}
	return s.Digest()
}

func pushImage(repository name.Repository, image v1.Image, options []remote.Option) error {
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	target := repository.Digest(digest.String())
	if err := remote.Write(target, image, options...); err != nil {
		return fmt.Errorf("pushing %s: %w", target, err)
	}
	return nil
}

func (s Set) tag(tag name.Tag, options []remote.Option) error {
	if len(s.Images) == 1 {
		return remote.Write(tag, s.Images[0].Image, options...)
	}
	return remote.WriteIndex(tag, s.index(), options...)
}
