//go:build linux

package nitro

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// attempt is a launch under way.
type attempt struct {
	*Launcher
	taken
	request launch.Request
	image   *os.File
	size    int64
	slot    uint64
	offset  uint64
	cpus    []int
	cid     uint32
	started time.Time
}

// Launch implements [launch.Launcher]. Its errors wrap an [Error].
func (l *Launcher) Launch(ctx context.Context, r launch.Request) (launch.Enclave, error) {
	a := &attempt{Launcher: l, taken: taken{system: l.kernel(), enclave: none}, request: r}
	err := a.run(ctx)
	if a.image != nil {
		_ = a.image.Close()
	}
	if err != nil {
		return nil, errors.Join(err, a.release())
	}
	return a.watch(ctx), nil
}

// run takes the steps until one fails or ctx ends.
func (a *attempt) run(ctx context.Context) error {
	for _, s := range []struct {
		name Step
		do   func(context.Context) error
	}{
		{StepImage, a.open},
		{StepCreate, a.create},
		{StepLoadInfo, a.loadInfo},
		{StepPages, a.takePages},
		{StepLoad, a.load},
		{StepMemory, a.giveMemory},
		{StepCPUs, a.addCPUs},
		{StepBootLock, a.takeBootLock},
		{StepStart, a.start},
	} {
		if ctx.Err() != nil {
			return fail(s.name, "", context.Cause(ctx))
		}
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (a *attempt) open(context.Context) error {
	f, err := os.Open(a.request.Image)
	if err != nil {
		return fail(StepImage, "", err)
	}
	a.image = f
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &os.PathError{Op: "read", Path: a.request.Image, Err: os.ErrInvalid}
	}
	if err != nil {
		return fail(StepImage, "", err)
	}
	a.size = info.Size()
	return nil
}

// create opens the device only for as long as it takes: the enclave has a descriptor of
// its own.
func (a *attempt) create(context.Context) error {
	device, err := a.system.open(a.device())
	if err != nil {
		return fail(StepOpen, a.device(), err)
	}
	defer func() { _ = a.system.close(device) }()
	fd, err := a.system.ioctl(device, requestCreateVM, unsafe.Pointer(&a.slot))
	if err != nil {
		return fail(StepCreate, "", err)
	}
	a.enclave = fd
	return nil
}

// loadInfo also finds out whether the image fits, before any memory is taken.
func (a *attempt) loadInfo(context.Context) error {
	info := imageLoadInfo{flags: flagImageEIF}
	if _, err := a.system.ioctl(a.enclave, requestLoadInfo, unsafe.Pointer(&info)); err != nil {
		return fail(StepLoadInfo, "", err)
	}
	a.offset = info.memoryOffset
	memory := int64(a.request.MemoryMiB) << 20
	if memory < a.size || a.offset > uint64(memory-a.size) {
		return &Error{Step: StepLoadInfo, Err: ErrImageTooLarge, Cure: "give the enclave more memory; see Preflight",
			Detail: fmt.Sprintf("%d bytes of image from byte %d of %d MiB on", a.size, a.offset, a.request.MemoryMiB)}
	}
	return nil
}

func (a *attempt) addCPUs(context.Context) error {
	for i := range a.request.CPUs {
		cpu := uint32(anyCPU)
		if _, err := a.system.ioctl(a.enclave, requestAddVCPU, unsafe.Pointer(&cpu)); err != nil {
			return fail(StepCPUs, fmt.Sprintf("CPU %d of %d", i+1, a.request.CPUs), err)
		}
		a.cpus = append(a.cpus, int(cpu))
	}
	return nil
}

// start also makes what wakes the watch, while a failure still costs nothing.
func (a *attempt) start(context.Context) error {
	var err error
	if a.woken, a.waker, err = os.Pipe(); err != nil {
		return fail(StepStart, "", err)
	}
	info := startInfo{flags: flagProductionMode, cid: anyCID}
	if a.request.Debug {
		info.flags = flagDebugMode
	}
	if _, err := a.system.ioctl(a.enclave, requestStart, unsafe.Pointer(&info)); err != nil {
		return fail(StepStart, fmt.Sprintf("%d CPUs and %d MiB", len(a.cpus), a.memoryMiB()), err)
	}
	a.cid, a.started = uint32(info.cid), time.Now()
	return nil
}
