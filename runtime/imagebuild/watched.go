package imagebuild

import (
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// watched is an image that tells which layer is read.
type watched struct {
	v1.Image
	progress func(format string, args ...any)
}

// Layers implements [v1.Image].
func (w watched) Layers() ([]v1.Layer, error) {
	layers, err := w.Image.Layers()
	for i, one := range layers {
		layers[i] = watchedLayer{one, func() { w.progress("unpacking layer %d of %d", i+1, len(layers)) }}
	}
	return layers, err
}

type watchedLayer struct {
	v1.Layer
	begins func()
}

// Uncompressed implements [v1.Layer].
func (l watchedLayer) Uncompressed() (io.ReadCloser, error) {
	l.begins()
	return l.Layer.Uncompressed()
}
