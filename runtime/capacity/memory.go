package capacity

import (
	"fmt"
	"strings"
)

const (
	// MinEnclaveMiB is the least memory that the driver starts an enclave with
	// (NE_MIN_ENCLAVE_MEM_SIZE).
	MinEnclaveMiB = 64
	// ImageMemoryRatio is how many times an image's size its enclave's memory must
	// be: nitro-cli's ENCLAVE_MEMORY_EIF_SIZE_RATIO (error E26).
	ImageMemoryRatio = 4
	// MemoryStepMiB divides every enclave's memory: the smallest page it can use.
	MemoryStepMiB = 2
)

// LeastMemoryMiB is the least memory in MiB of an enclave whose image file has so many
// bytes: [ImageMemoryRatio] times as much, and never below [MinEnclaveMiB].
func LeastMemoryMiB(imageBytes int64) int {
	const mib = 1 << 20
	least := max(MinEnclaveMiB, int((ImageMemoryRatio*imageBytes+mib-1)/mib))
	return least + least%MemoryStepMiB
}

// leastMiB is the least memory for the enclave's image.
func (e Enclave) leastMiB() int {
	return max(MinEnclaveMiB, ImageMemoryRatio*e.ImageMiB)
}

func imageSize(r Request) string {
	if most := maxMemoryMiB / ImageMemoryRatio; r.Enclave.ImageMiB < 0 || r.Enclave.ImageMiB > most {
		return "must be the size of the image file in MiB, or 0 when it is not known"
	}
	return ""
}

func memoryValue(r Request) string {
	e := r.Enclave
	switch {
	case e.MemoryMiB < MinEnclaveMiB && e.leastMiB() == MinEnclaveMiB:
		return fmt.Sprintf("must be at least %d, the least that an enclave starts with", MinEnclaveMiB)
	case e.MemoryMiB < e.leastMiB():
		return fmt.Sprintf("must be at least %d, %d times the image's %d MiB, for it to be unpacked", e.leastMiB(), ImageMemoryRatio, e.ImageMiB)
	case e.MemoryMiB%MemoryStepMiB != 0:
		return fmt.Sprintf("must be a multiple of %d, the smallest hugepage of an enclave", MemoryStepMiB)
	}
	return ""
}

// memoryLimit is the rule of MaxReservedMiB in words.
func (s Shape) memoryLimit() string {
	why := fmt.Sprintf("its system and kubelet take %d and the host's pods need %d", s.MemoryMiB-s.hostMemoryMiB(0), MinHostMemoryMiB)
	if s.numaNodeMiB() < s.spareMiB() {
		why = fmt.Sprintf("it must all come from one of its %d NUMA nodes", s.NUMANodes)
	}
	return fmt.Sprintf("%s can set aside at most %d of its %d MiB, because %s", s.name(), s.MaxReservedMiB(), s.MemoryMiB, why)
}

func oneEnclaveInMemory(r Request) string {
	if r.Enclave.MemoryMiB <= r.Shape.MaxReservedMiB() {
		return ""
	}
	return r.Shape.memoryLimit()
}

func allEnclavesInMemory(r Request) string {
	need := r.EnclavesPerNode * r.Enclave.MemoryMiB
	if need <= r.Shape.MaxReservedMiB() {
		return ""
	}
	return fmt.Sprintf("%d enclaves take %d MiB, but %s", r.EnclavesPerNode, need, r.Shape.memoryLimit())
}

func pagesDivide(r Request) string {
	node, enclave := r.pages()
	if dividesInto(node, enclave, r.EnclavesPerNode) {
		return ""
	}
	return fmt.Sprintf("the allocator reserves %s for the %d MiB of %d enclaves, which cannot be shared out as %s each",
		describe(node), r.EnclavesPerNode*r.Enclave.MemoryMiB, r.EnclavesPerNode, describe(enclave))
}

func describe(pages []Pages) string {
	var parts []string
	for _, p := range pages {
		parts = append(parts, p.String())
	}
	return strings.Join(parts, " + ")
}

// memoryOptions are the memory sizes to try in place of one that is refused: the
// next one up that all the enclaves can share, the next one at all, then the ones
// below what all the enclaves, or one of them, can have: whole GiB first, because
// they need the fewest pages.
func memoryOptions(r Request) []Remedy {
	least := r.Enclave.leastMiB()
	from := max(min(r.Enclave.MemoryMiB, maxMemoryMiB), least)
	from += from % MemoryStepMiB
	var values []int
	if r.Enclave.MemoryMiB < MinEnclaveMiB {
		values = append(values, max(512, from), max(1024, from))
	}
	values = append(values, r.shareable(from, MemoryStepMiB), from)
	budget := r.Shape.MaxReservedMiB()
	for _, top := range []int{budget / r.EnclavesPerNode, budget} {
		top = min(top, from) / MemoryStepMiB * MemoryStepMiB
		values = append(values, top/1024*1024, r.shareable(top, -MemoryStepMiB), top)
	}
	return remedies(propertyMemory, values)
}

// shareable returns the first memory size from the given one on, in the given
// steps, whose pages can be shared out. There is one within 1 GiB, since whole GiB
// always can.
func (r Request) shareable(from, step int) int {
	for v := from; v > 0 && v != from+1024*step; v += step {
		r.Enclave.MemoryMiB = v
		node, enclave := r.pages()
		if pageSizeDivides(r) == "" && dividesInto(node, enclave, r.EnclavesPerNode) {
			return v
		}
	}
	return from
}

// biggerMemory names instance types with room for the pages.
func biggerMemory(r Request) []Remedy {
	total := r.EnclavesPerNode * max(min(r.Enclave.MemoryMiB, maxMemoryMiB), r.Enclave.leastMiB())
	need := fmt.Sprintf("that can set aside %d MiB", total)
	return shapeOptions(r, need, func(s Shape) bool { return s.MaxReservedMiB() >= total })
}
