package podimage

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image makes the image of a plan. Layers are written each time that somebody reads
// them, so that none of it is held in memory.
func (p Plan) image(ctx context.Context) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, l := range p.Layers {
		layer, err := l.layer(ctx)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.Name, err)
		}
		history := v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "chamber image build", Comment: l.Name}
		if image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: history}); err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = p.Platform.OS, p.Platform.Architecture, p.Platform.Variant
	config.Created, config.Config = v1.Time{Time: epoch}, p.Config
	return mutate.ConfigFile(image, config)
}

func (l Layer) layer(ctx context.Context) (v1.Layer, error) {
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(l.write(ctx, w)) }()
		return r, nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.DefaultCompression))
}

// Size is what a node pulls: the compressed layers.
func (b *Built) Size() (int64, error) {
	layers, err := b.Image.Layers()
	if err != nil {
		return 0, err
	}
	var total int64
	for _, l := range layers {
		size, err := l.Size()
		if err != nil {
			return 0, err
		}
		total += size
	}
	return total, nil
}
