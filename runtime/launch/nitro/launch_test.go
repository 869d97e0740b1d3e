//go:build linux

package nitro

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

func TestLaunch(t *testing.T) {
	b := newBench(t)
	e := b.launch(t)
	want := launch.Info{ID: "i-0123456789abcdef0-encabc1", CID: 16, CPUs: []int{2, 6}, CPUCount: 2, MemoryMiB: 64}
	if diff := cmp.Diff(want, e.Info(), cmpopts.IgnoreFields(launch.Info{}, "Started")); diff != "" {
		t.Error(diff)
	}
	if since := time.Since(e.Info().Started); since < 0 || since > patience {
		t.Errorf("started %v ago", since)
	}
	if link, ok := e.Link().(*transport.VSock); !ok || link.Peer != 16 {
		t.Errorf("the link is %v", e.Link())
	}
	if got := b.memory(16, 8*mib, len(b.content)); !bytes.Equal(got, b.content) {
		t.Error("the image is not where the driver wants it")
	}
	if got := b.memory(16, 0, 8*mib); bytes.ContainsFunc(got, func(r rune) bool { return r != 0 }) {
		t.Error("there is something before the image")
	}
	if answer, err := b.port.beat(16, contract.HeartbeatByte); answer != "\xb7" || err != nil {
		t.Errorf("the heartbeat was answered %q, %v", answer, err)
	}
	if err := e.Booted(t.Context()); err != nil {
		t.Error(err)
	}
	if b.port.bound() {
		t.Error("the boot lock is still held")
	}
	terminate(t, e)
	if err := ended(t, e); err != nil {
		t.Error(err)
	}
	var order []string
	for _, call := range b.calls {
		if !slices.Contains(order, call) {
			order = append(order, call)
		}
	}
	if diff := cmp.Diff([]string{
		"open /dev/nitro_enclaves", "create", "close device", "load info",
		"mmap 2", "populate 2", "set memory", "add CPU", "listen", "start", "close enclave", "munmap 2",
	}, order); diff != "" {
		t.Error(diff)
	}
}

// TestLaunchFails refuses each call of a launch, one after the other.
func TestLaunchFails(t *testing.T) {
	good := newBench(t)
	terminate(t, good.launch(t))
	for i, name := range good.calls[:slices.Index(good.calls, "start")+1] {
		if name == "close device" {
			continue // Its failure has nothing to stop.
		}
		t.Run(fmt.Sprintf("%d %s", i, name), func(t *testing.T) {
			b := newBench(t)
			b.pages[2*mib] = 32 // No other page can stand in.
			left := i
			b.before = func(string) error {
				left--
				if left == -1 {
					return unix.ENOSPC
				}
				return nil
			}
			e, err := b.Launch(t.Context(), b.request)
			if retried := strings.Fields(name)[0]; e != nil && (retried == "mmap" || retried == "populate") {
				terminate(t, e) // The second round has got the page.
				return
			}
			var failed *Error
			if e != nil || !errors.As(err, &failed) || !errors.Is(err, unix.ENOSPC) || failed.Cure == "" {
				t.Fatalf("launch gave %v, %v", e, err)
			}
		})
	}
}

// countdown is a context that ends after it was looked at so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left == 0 {
		return context.DeadlineExceeded
	}
	c.left--
	return nil
}

// TestLaunchStops ends the context at each point at which a launch looks at it: before
// each step, before each page and before each piece of the image.
func TestLaunchStops(t *testing.T) {
	steps := map[Step]int{}
	for looks := 0; ; looks++ {
		b := newBench(t)
		e, err := b.Launch(&countdown{context.Background(), looks}, b.request) // It must have no cause of its own.
		if err == nil {
			terminate(t, e)
			break
		}
		var failed *Error
		if !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) || failed.Cure != "" {
			t.Fatalf("after %d looks: %v", looks, err)
		}
		steps[failed.Step]++
	}
	want := map[Step]int{
		StepImage: 1, StepCreate: 1, StepLoadInfo: 1, StepPages: 1 + 32, StepLoad: 1 + 2,
		StepMemory: 1, StepCPUs: 1, StepBootLock: 1, StepStart: 1,
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
}

// TestLaunchDriverRules runs into what the driver refuses.
func TestLaunchDriverRules(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*bench)
		step   Step
		want   error
		says   string
	}{
		"half a core":        {func(b *bench) { b.request.CPUs = 3 }, StepStart, ErrPartialCore, "3 CPUs and 64 MiB: the enclave's CPUs are not whole cores"},
		"more than the pool": {func(b *bench) { b.request.CPUs = 6 }, StepCPUs, ErrPoolEmpty, "CPU 5 of 6: the node's CPU pool has no free CPU"},
		"an empty pool":      {func(b *bench) { b.cores = nil }, StepCreate, ErrPoolEmpty, "cpu_count"},
		"no CPU":             {func(b *bench) { b.request.CPUs = 0 }, StepStart, ErrNoVCPUs, "at least one core"},
		"little memory":      {func(b *bench) { b.request.MemoryMiB = 32 }, StepStart, ErrLittleMemory, "less than 64 MiB"},
		"another NUMA node":  {func(b *bench) { b.foreign[2*mib] = true }, StepMemory, ErrOtherNUMANode, "region 1 of 32, 2 MiB"},
		"many small pages":   {func(b *bench) { b.maxRegions = 31 }, StepMemory, ErrMaxRegions, "region 32 of 32, 2 MiB: the memory has more pieces"},
		"a large image":      {func(b *bench) { b.request.MemoryMiB = 10 }, StepLoadInfo, ErrImageTooLarge, "3145805 bytes of image from byte 8388608 of 10 MiB on"},
		"negative memory":    {func(b *bench) { b.request.MemoryMiB = -2 }, StepLoadInfo, ErrImageTooLarge, "more memory"},
		"no image":           {func(b *bench) { b.request.Image += "x" }, StepImage, os.ErrNotExist, "image.eifx"},
		"a folder":           {func(b *bench) { b.request.Image = "." }, StepImage, os.ErrInvalid, "read ."},
		"no AF_VSOCK":        {func(b *bench) { b.port.fail = os.NewSyscallError("socket", unix.EPERM) }, StepBootLock, unix.EPERM, "seccomp profile"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c.change(b)
			_, err := b.Launch(t.Context(), b.request)
			var failed *Error
			if !errors.As(err, &failed) || failed.Step != c.step || !errors.Is(err, c.want) {
				t.Fatalf("launch gave %v", err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
		})
	}
}

// TestLaunchShrinkingImage has the image cut while it is read.
func TestLaunchShrinkingImage(t *testing.T) {
	b := newBench(t)
	b.before = func(call string) error {
		if call == "load info" {
			return os.Truncate(b.request.Image, 1<<20)
		}
		return nil
	}
	_, err := b.Launch(t.Context(), b.request)
	if err == nil || !strings.Contains(err.Error(), "reading the image: byte 1048576 of 3145805: unexpected EOF") {
		t.Errorf("launch gave %v", err)
	}
}

// TestLaunchUnknownInstance has no asset tag.
func TestLaunchUnknownInstance(t *testing.T) {
	b := newBench(t)
	b.Root = os.DirFS(t.TempDir())
	if id := b.launch(t).Info().ID; id != "i-0000000000000000-encabc1" {
		t.Error(id)
	}
}
