package initramfs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// FromImage flattens an image into a tree, layer by layer from below, as the OCI
// image specification has it (layer.md): whiteouts hide what lower layers brought,
// also opaque ones; parents that are symbolic links are followed inside of the image;
// a hard link may lead to a lower layer.
//
// Each layer is read once. Its contents go into the spool and must have the digest
// that the image's configuration names.
func FromImage(ctx context.Context, img v1.Image, s *Spool) (*Tree, error) {
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the image's configuration: %w", err)
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, fmt.Errorf("reading the image's layers: %w", err)
	}
	digests := config.RootFS.DiffIDs
	if len(layers) != len(digests) {
		return nil, fmt.Errorf("the image has %d layers and its configuration %d: it is damaged, or no container image", len(layers), len(digests))
	}
	t := NewTree()
	for i, one := range layers {
		if err := t.applyImageLayer(ctx, one, digests[i], s); err != nil {
			return nil, fmt.Errorf("layer %d of %d (%s): %w", i+1, len(layers), digests[i], err)
		}
	}
	return t, nil
}

func (t *Tree) applyImageLayer(ctx context.Context, from v1.Layer, want v1.Hash, s *Spool) error {
	stream, err := from.Uncompressed()
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	hash := sha256.New()
	in := io.TeeReader(cancelable{ctx, io.LimitReader(stream, s.limit)}, hash)
	l, err := readLayer(in, s)
	if err != nil {
		return err
	}
	// What follows the end of the tar counts for the digest.
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	if got := fmt.Sprintf("sha256:%x", hash.Sum(nil)); got != want.String() {
		return fmt.Errorf("its content has digest %s: it was changed or damaged", got)
	}
	return t.apply(l)
}
