//go:build linux

package nitro

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// takePages takes hugepages for the memory, each as a region of its own: whole ones from
// the largest size down, as many as there are. What is then still missing comes from the
// smallest size that can be had, although it be too much.
func (a *attempt) takePages(ctx context.Context) error {
	sizes := a.sizes()
	whole := func(page int, missing int) bool { return missing >= page }
	reason, err := a.mapPages(ctx, sizes, whole)
	if err == nil && a.missing() > 0 {
		sizes = slices.Clone(sizes)
		slices.Reverse(sizes)
		reason, err = a.mapPages(ctx, sizes, func(_, missing int) bool { return missing > 0 })
	}
	if err == nil && a.missing() > 0 {
		err = reason
	}
	if err != nil {
		return fail(StepPages, fmt.Sprintf("%s of %d MiB", a.describePages(), a.request.MemoryMiB), err)
	}
	return a.dropSurplus()
}

// mapPages maps pages of each size as long as more wants so and there are any. A size that
// is not to be had is no failure, but the reason of the first is returned; an error is the
// end of ctx.
func (a *attempt) mapPages(ctx context.Context, sizes []capacity.PageSize, more func(page, missing int) bool) (reason, err error) {
	for _, size := range sizes {
		page := size.MiB() << 20
		for more(page, a.missing()) {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if e := a.mapPage(page); e != nil {
				reason = cmp.Or(reason, fmt.Errorf("a page of %s: %w", size, e))
				break
			}
		}
	}
	return reason, nil
}

// mapPage maps one page, and makes sure that it is really there: within a pod's limit.
func (a *attempt) mapPage(page int) error {
	region, err := a.system.mmap(page, pageFlag(page))
	if err != nil {
		return err
	}
	a.regions = append(a.regions, region)
	if err := a.system.populate(region); err != nil {
		a.regions = a.regions[:len(a.regions)-1]
		return errors.Join(err, a.system.munmap(region))
	}
	return nil
}

// pageFlag is MAP_HUGE_2MB, MAP_HUGE_1GB …: the logarithm of the size.
func pageFlag(page int) int { return bits.TrailingZeros(uint(page)) << unix.MAP_HUGE_SHIFT }

// dropSurplus puts the largest regions first, and gives back those that the memory does
// not need with them.
func (a *attempt) dropSurplus() error {
	slices.SortStableFunc(a.regions, func(x, y []byte) int { return cmp.Compare(len(y), len(x)) })
	keep, have := 0, 0
	for have < a.request.MemoryMiB<<20 {
		have += len(a.regions[keep])
		keep++
	}
	surplus := a.regions[keep:]
	a.regions = a.regions[:keep:keep]
	for _, region := range surplus {
		if err := a.system.munmap(region); err != nil {
			return fail(StepPages, "giving back the surplus", err)
		}
	}
	return nil
}

// missing is how many bytes of the memory have no page yet.
func (a *attempt) missing() int { return a.request.MemoryMiB<<20 - a.bytes() }

func (a *attempt) memoryMiB() int { return a.bytes() >> 20 }

func (a *attempt) bytes() int {
	n := 0
	for _, region := range a.regions {
		n += len(region)
	}
	return n
}

// describePages says what was had: "2x1Gi + 3x2Mi".
func (a *attempt) describePages() string {
	var parts []string
	for _, size := range a.sizes() {
		n := 0
		for _, region := range a.regions {
			if len(region) == size.MiB()<<20 {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, capacity.Pages{Size: size, Count: n}.String())
		}
	}
	if parts == nil {
		return "no page"
	}
	return strings.Join(parts, " + ")
}

// giveMemory hands the regions over in the order in which the image was read into them.
func (a *attempt) giveMemory(context.Context) error {
	for i, b := range a.regions {
		region := memoryRegion{flagDefaultRegion, uint64(len(b)), uint64(uintptr(unsafe.Pointer(&b[0])))}
		if _, err := a.system.ioctl(a.enclave, requestSetMemory, unsafe.Pointer(&region)); err != nil {
			return fail(StepMemory, fmt.Sprintf("region %d of %d, %d MiB", i+1, len(a.regions), len(b)>>20), err)
		}
	}
	return nil
}
