//go:build linux

package nitro

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// TestPages takes memory from nodes with all kinds of pages, and looks at what the
// enclave gets, and what is left for others while it runs.
func TestPages(t *testing.T) {
	type pages map[int]int
	for name, c := range map[string]struct {
		free, allowed pages
		memory        int
		got           string // or the end of the error
		left          pages
	}{
		"largest first":         {pages{gib: 2, 2 * mib: 100}, nil, 2048 + 66, "2x1Gi + 33x2Mi", pages{gib: 0, 2 * mib: 67}},
		"small for the rest":    {pages{gib: 1, 2 * mib: 512}, nil, 2048, "1x1Gi + 512x2Mi", pages{gib: 0, 2 * mib: 0}},
		"no large ones":         {pages{gib: 0, 2 * mib: 512}, nil, 1024, "512x2Mi", pages{2 * mib: 0}},
		"no large size at all":  {pages{2 * mib: 512}, nil, 1024, "512x2Mi", pages{2 * mib: 0}},
		"only a page too large": {pages{gib: 1, 2 * mib: 0}, nil, 512, "1x1Gi", pages{gib: 0}},
		"surplus goes back":     {pages{gib: 2, 2 * mib: 100}, nil, 1536, "2x1Gi", pages{gib: 0, 2 * mib: 100}},
		"part of the surplus":   {pages{gib: 1, 2 * mib: 40}, nil, 100, "1x1Gi", pages{gib: 0, 2 * mib: 40}},
		"an odd size":           {pages{2 * mib: 40}, nil, 65, "33x2Mi", pages{2 * mib: 7}},
		"a limit of none":       {pages{gib: 4, 2 * mib: 100}, pages{gib: 0}, 128, "64x2Mi", pages{gib: 4, 2 * mib: 36}},
		"a limit by size":       {pages{gib: 4, 2 * mib: 900}, pages{gib: 1}, 2048, "1x1Gi + 512x2Mi", pages{gib: 3, 2 * mib: 388}},
		"too few": {
			pages{gib: 1, 2 * mib: 3}, nil, 2048,
			"taking hugepages: 1x1Gi + 3x2Mi of 2048 MiB: a page of 2Mi: cannot allocate memory; " + pageLimit, pages{gib: 1, 2 * mib: 3},
		},
		"none": {pages{gib: 0, 2 * mib: 0}, nil, 64, "no page of 64 MiB: a page of 2Mi: cannot allocate memory; " + pageLimit, nil},
		"a limit too low": {
			pages{gib: 0, 2 * mib: 512}, pages{2 * mib: 10}, 64,
			"10x2Mi of 64 MiB: a page of 2Mi: bad address; " + pageLimit, pages{2 * mib: 512},
		},
		"no size at all": {pages{}, nil, 64, "a page of 2Mi: invalid argument; the kernel has no such page size: " + pageLimit, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.pages, b.allowed, b.request.MemoryMiB = c.free, c.allowed, c.memory
			if b.allowed == nil {
				b.allowed = pages{}
			}
			e, err := b.Launch(t.Context(), b.request)
			if err != nil {
				if !strings.HasSuffix(err.Error(), c.got) {
					t.Errorf("launch gave %v", err)
				}
			} else {
				got, total := b.regionsOf(e.Info().CID)
				if got != c.got || e.Info().MemoryMiB != total {
					t.Errorf("it got %s and says %d MiB", got, e.Info().MemoryMiB)
				}
				defer terminate(t, e)
			}
			for size, n := range c.left {
				if got := b.free(size); got != n {
					t.Errorf("%d pages of %d MiB are left; want %d", got, size/mib, n)
				}
			}
		})
	}
}

// TestImageAcrossPages has an image that begins in one page and ends in a smaller one.
func TestImageAcrossPages(t *testing.T) {
	b := newBench(t)
	b.architecture = capacity.ARM64
	b.pages = map[int]int{32 * mib: 2, 2 * mib: 8}
	b.request.MemoryMiB = 80
	image := content(60<<20 + 5)
	b.request.Image = imageOf(t, image)
	e := b.launch(t)
	if got := b.memory(e.Info().CID, 8*mib, len(image)); !bytes.Equal(got, image) {
		t.Errorf("%d of %d bytes are there, or others", len(got), len(image))
	}
}

// TestPagesGoBack has a limit of none at all.
func TestPagesGoBack(t *testing.T) {
	b := newBench(t)
	b.allowed[2*mib] = 0
	if _, err := b.Launch(t.Context(), b.request); !errors.Is(err, unix.EFAULT) {
		t.Error(err)
	}
	if n := b.free(2 * mib); n != 512 {
		t.Errorf("%d pages are free", n)
	}
}

func TestPageFlag(t *testing.T) {
	for page, flag := range map[int]int{2 * mib: unix.MAP_HUGE_2MB, 32 * mib: unix.MAP_HUGE_32MB, gib: unix.MAP_HUGE_1GB} {
		if got := pageFlag(page); got != flag {
			t.Errorf("%d MiB: %#x; want %#x", page/mib, got, flag)
		}
	}
}
