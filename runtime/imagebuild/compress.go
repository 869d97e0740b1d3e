package imagebuild

import (
	"context"
	"fmt"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs/packed"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
)

// Compression is whether the bootstrap ramdisk is compressed. The kernel unpacks it when
// it starts; the measurements are of the bytes as they are in the image.
type Compression string

// The ways.
const (
	// CompressAuto compresses for a kernel that is known to unpack it: the record of
	// `make kernel` lies beside it, has its digest and says so. A kernel does not tell by
	// itself, and one that cannot unpack its init does not start.
	CompressAuto Compression = "auto"
	// CompressXZ compresses in any case, unless the kernel's record says that it cannot.
	CompressXZ Compression = "xz"
	// CompressNone leaves the ramdisk as nitro-cli has it.
	CompressNone Compression = "none"
)

func (c Compression) validate(l *fault.List) {
	switch c {
	case "", CompressAuto, CompressXZ, CompressNone:
		return
	}
	l.Add("compress-init", string(c), "is no compression that is known here", fmt.Sprintf("use %s, %s or %s", CompressAuto, CompressXZ, CompressNone))
}

// compression decides, by the record of the kernel with the digest.
func (r Request) compression(l *fault.List, digest string) Compression {
	record, known := kernel.RecordOf(r.Kernel, digest)
	can := known && slices.Contains(record.Ramdisks, string(CompressXZ))
	switch {
	case r.CompressInit == CompressNone, r.CompressInit != CompressXZ && !can:
		return CompressNone
	case known && !can:
		l.Add("compress-init", string(r.CompressInit), "the kernel does not unpack it, says "+kernel.RecordFile+" beside it", "use "+string(CompressNone)+", or build the kernel with CONFIG_RD_XZ")
	}
	return CompressXZ
}

// packFirst compresses the bootstrap ramdisk, if that is wanted.
func packFirst(ctx context.Context, first eif.Content, c Compression) (eif.Content, error) {
	if c != CompressXZ {
		return first, nil
	}
	return packed.XZ(ctx, first)
}
