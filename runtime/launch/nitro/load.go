//go:build linux

package nitro

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// chunk is how much of an image is read between two looks at the context.
const chunk = 4 << 20

// load reads the image into the regions, which are one memory to the enclave, at the
// driver's offset. The kernel copies it there from the file: there is no buffer, and a page
// that is not there is an error and no signal.
func (a *attempt) load(ctx context.Context) error {
	skip := int(a.offset)
	var done int64
	for _, region := range a.regions {
		free := region[min(skip, len(region)):]
		skip -= len(region) - len(free)
		n, err := a.fill(ctx, free, done)
		done += n
		if err != nil {
			return fail(StepLoad, fmt.Sprintf("byte %d of %d", done, a.size), err)
		}
	}
	return nil
}

// fill reads the image from a position on until the region or the image ends.
func (a *attempt) fill(ctx context.Context, region []byte, from int64) (int64, error) {
	var done int64
	for {
		n := min(chunk, int64(len(region))-done, a.size-from-done)
		if n <= 0 {
			return done, nil
		}
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
		if got, err := a.image.ReadAt(region[done:done+n], from+done); int64(got) < n {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return done + int64(got), err
		}
		done += n
	}
}
