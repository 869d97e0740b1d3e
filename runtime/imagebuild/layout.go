package imagebuild

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// maxIndexDepth is how deep indexes may lie in one another. Builders make two.
const maxIndexDepth = 8

// annotationName is where an OCI layout has an image's reference or tag.
const annotationName = "org.opencontainers.image.ref.name"

// fromLayout takes the one image for the platform of a folder in OCI layout.
func fromLayout(dir string, p v1.Platform) (resolved, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return resolved{}, err
	}
	var found []candidate
	if err := collect(index, p, "", 0, &found); err != nil {
		return resolved{}, err
	}
	switch len(found) {
	case 1:
	case 0:
		return resolved{}, fmt.Errorf("%w %s", errNoImage, p)
	default:
		return resolved{}, fmt.Errorf("has %d images for %s; keep one, or give a reference in a registry", len(found), p)
	}
	one := found[0]
	if err := checkStored(one.Image, one.digest); err != nil {
		return resolved{}, err
	}
	r := resolved{Image: one.Image, digests: []string{one.digest.String()}}
	if one.tag != "" {
		r.tags = []string{one.tag}
		r.version = one.tag[strings.LastIndexAny(one.tag, "/:")+1:]
	}
	return r, nil
}

var errNoImage = errors.New("has no image for the platform")

// candidate is an image in a layout.
type candidate struct {
	v1.Image
	digest v1.Hash
	tag    string
}

// collect finds the images for a platform. An image without one in its descriptor is
// judged by its configuration.
func collect(index v1.ImageIndex, p v1.Platform, tag string, depth int, found *[]candidate) error {
	if depth > maxIndexDepth {
		return fmt.Errorf("has indexes more than %d deep", maxIndexDepth)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range manifest.Manifests {
		tag := tag
		if own := d.Annotations[annotationName]; own != "" {
			tag = own
		}
		switch {
		case d.MediaType.IsIndex():
			inner, err := index.ImageIndex(d.Digest)
			if err != nil {
				return err
			}
			if err := collect(inner, p, tag, depth+1, found); err != nil {
				return err
			}
		case d.MediaType.IsImage() && (d.Platform == nil || d.Platform.Satisfies(p)):
			img, err := index.Image(d.Digest)
			if err != nil {
				return err
			}
			*found = append(*found, candidate{img, d.Digest, tag})
		}
	}
	return nil
}

// checkStored compares manifest and configuration with their digests, which reading a
// layout does not.
func checkStored(img v1.Image, want v1.Hash) error {
	raw, err := img.RawManifest()
	if err != nil {
		return err
	}
	if err := checkDigest("manifest", raw, want); err != nil {
		return err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	return checkDigest("configuration", config, manifest.Config.Digest)
}

func checkDigest(what string, content []byte, want v1.Hash) error {
	got, _, err := v1.SHA256(bytes.NewReader(content))
	if err == nil && got != want {
		err = fmt.Errorf("its %s has digest %s and should have %s: it was changed or damaged", what, got, want)
	}
	return err
}
