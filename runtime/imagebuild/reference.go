package imagebuild

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// resolved is a container image that was found, and what it is called.
type resolved struct {
	v1.Image
	// tags and digests are references in the form of docker inspect's RepoTags and
	// RepoDigests.
	tags, digests []string
	// name and version are for the metadata.
	name, version string
}

// platform returns the platform in the terms of container images.
func platform(a eif.Architecture) v1.Platform {
	if a == eif.ARM64 {
		return v1.Platform{OS: "linux", Architecture: "arm64"}
	}
	return v1.Platform{OS: "linux", Architecture: "amd64"}
}

// resolve finds an image: a folder in OCI layout, else a tarball, else a reference. It
// must be for the platform.
func resolve(ctx context.Context, image string, p v1.Platform) (resolved, error) {
	var found resolved
	var err error
	info, statErr := os.Stat(image)
	switch {
	case statErr == nil && info.IsDir() && isLayout(image):
		found, err = fromLayout(image, p)
	case statErr == nil && info.Mode().IsRegular():
		found, err = fromTarball(image)
	default:
		found, err = fromRegistry(ctx, image, p)
	}
	if err != nil {
		return resolved{}, fmt.Errorf("image %s: %w", image, err)
	}
	if err := checkPlatform(found, p); err != nil {
		return resolved{}, fmt.Errorf("image %s: %w", image, err)
	}
	return found, nil
}

func isLayout(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "oci-layout"))
	return err == nil
}

// fromTarball takes the one image of a tarball.
func fromTarball(file string) (resolved, error) {
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(file) })
	switch {
	case err != nil:
		return resolved{}, fmt.Errorf("is no tarball of docker save (%w); unpack an archive in OCI layout and give the folder", err)
	case len(manifest) != 1:
		return resolved{}, fmt.Errorf("has %d images; save one", len(manifest))
	}
	img, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		return resolved{}, err
	}
	r := resolved{Image: img, tags: manifest[0].RepoTags}
	if len(r.tags) > 0 {
		if ref, err := name.ParseReference(r.tags[0]); err == nil {
			r.name, r.version = path.Base(ref.Context().RepositoryStr()), ref.Identifier()
		}
	}
	return r, nil
}

// fromRegistry asks a registry, with the credentials of docker's configuration.
func fromRegistry(ctx context.Context, reference string, p v1.Platform) (resolved, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return resolved{}, fmt.Errorf("is neither a file, nor a folder in OCI layout, nor a reference: %w", err)
	}
	descriptor, err := remote.Get(ref, remote.WithContext(ctx), remote.WithPlatform(p), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return resolved{}, err
	}
	img, err := descriptor.Image()
	if err != nil {
		return resolved{}, fmt.Errorf("for %s: %w", p, err)
	}
	r := resolved{Image: img, name: path.Base(ref.Context().RepositoryStr())}
	r.digests = []string{ref.Context().Digest(descriptor.Digest.String()).String()}
	if tag, ok := ref.(name.Tag); ok {
		r.tags, r.version = []string{tag.String()}, tag.TagStr()
	}
	return r, nil
}

// checkPlatform also reads the configuration, whose absence tells other artifacts from
// container images.
func checkPlatform(r resolved, want v1.Platform) error {
	config, err := r.ConfigFile()
	if err != nil {
		return fmt.Errorf("reading its configuration: %w", err)
	}
	if config.OS != want.OS || config.Architecture != want.Architecture {
		return fmt.Errorf("is for %s/%s and not for %s; give --arch, or an image for it", config.OS, config.Architecture, want)
	}
	return nil
}

// dockerInfo is the part of docker inspect's answer that tells where an image came
// from. All of it follows from the image and the reference.
type dockerInfo struct {
	ID           string `json:"Id"`
	RepoTags     []string
	RepoDigests  []string
	Architecture string
	OS           string `json:"Os"`
}

func (r resolved) dockerInfo() (json.RawMessage, error) {
	config, err := r.ConfigFile()
	if err != nil {
		return nil, err
	}
	id, err := r.ConfigName()
	if err != nil {
		return nil, err
	}
	info := dockerInfo{ID: id.String(), RepoTags: notNil(r.tags), RepoDigests: notNil(r.digests), Architecture: config.Architecture, OS: config.OS}
	return json.Marshal(info)
}

// notNil makes an empty list where JSON would have null.
func notNil(list []string) []string { return append([]string{}, list...) }
