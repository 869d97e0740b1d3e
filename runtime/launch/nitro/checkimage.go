//go:build linux

package nitro

import (
	"context"
	"errors"
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// rebuild is the way out of an image that is not in order.
const rebuild = "build the image again, or see whether it was copied whole: chamber eif verify"

// checkImage returns the size of the image in bytes, 0 where it is not known, and what is
// wrong with it.
func (l *Launcher) checkImage(ctx context.Context, path string) (int64, []launch.Finding) {
	im, err := eif.OpenFile(path)
	if err != nil {
		return 0, []launch.Finding{imageFinding(err)}
	}
	defer func() { _ = im.Close() }()
	if im.Architecture() != l.machine() {
		return im.Size(), []launch.Finding{{
			Check:   "image",
			Problem: fmt.Sprintf("%s is for %s, and this node is %s", path, im.Architecture(), l.machine()),
			Cure:    "use an image of the node's architecture, or nodes of the image's",
		}}
	}
	if err := im.Verify(ctx, eif.VerifyOptions{}); err != nil {
		return im.Size(), []launch.Finding{imageFinding(fmt.Errorf("%s: %w", path, err))}
	}
	return im.Size(), nil
}

// imageFinding tells a broken image from one that cannot be read.
func imageFinding(err error) launch.Finding {
	f := launch.Finding{Check: "image", Problem: err.Error(), Cure: "see that the file is in the pod's image and readable for its user"}
	var broken eif.Violations
	if errors.As(err, &broken) {
		f.Cure = rebuild
	}
	return f
}

// checkMemory applies the rules of a memory's size; bytes are the image's.
func checkMemory(mib int, bytes int64) []launch.Finding {
	least := capacity.LeastMemoryMiB(bytes)
	var problem string
	switch {
	case mib < capacity.MinEnclaveMiB:
		problem = fmt.Sprintf("%d MiB; the driver wants at least %d (NE_MIN_ENCLAVE_MEM_SIZE)", mib, capacity.MinEnclaveMiB)
	case mib < least:
		problem = fmt.Sprintf("%d MiB for an image of %d bytes; nitro-cli wants %d times the image (ENCLAVE_MEMORY_EIF_SIZE_RATIO), "+
			"for it is unpacked there; the driver itself does not", mib, bytes, capacity.ImageMemoryRatio)
	case mib%capacity.MemoryStepMiB != 0:
		problem = fmt.Sprintf("%d MiB; it must be a multiple of %d MiB, the smallest page", mib, capacity.MemoryStepMiB)
		least = max(least, mib+mib%capacity.MemoryStepMiB)
	default:
		return nil
	}
	return []launch.Finding{{Check: "memory", Problem: problem, Cure: fmt.Sprintf("give the enclave at least %d MiB", least)}}
}
