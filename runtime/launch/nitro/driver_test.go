//go:build linux

package nitro

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// driver is a model of Linux's drivers/virt/nitro_enclaves/ne_misc_dev.c, of hugetlb and of
// its cgroup. It enforces their rules and answers with their errors. Descriptors and
// mappings are real, if not what they seem: an enclave's descriptor is the end of a pipe,
// which hangs up as the driver's does. Its numbers are written out here, not taken from
// what is tested.
type driver struct {
	mu sync.Mutex
	// cores are the pool's cores that no enclave has.
	cores [][]uint32
	// cpuIDs is above every CPU of the machine.
	cpuIDs uint32
	// pages are the free hugepages by their size in bytes; a size that is not here is
	// none of the kernel's. allowed is the cgroup's limit, where there is one.
	pages, allowed map[int]int
	// foreign are the page sizes that are on another NUMA node.
	foreign    map[int]bool
	maxRegions int
	noSocket   error

	// before is called before each call, without the lock; an error is the call's.
	before func(call string) error
	calls  []string

	devices  map[int]bool
	enclaves map[int]*vm
	mappings map[uintptr]*mapping
	lastSlot uint64
	lastCID  uint64
	// broken are the rules that no errno of the driver tells of.
	broken []string
}

// vm is an enclave of the model.
type vm struct {
	// life hangs up the descriptor when it is closed.
	life    int
	alive   bool
	running bool
	debug   bool
	cid     uint64
	cores   [][]uint32
	vcpus   map[uint32]bool
	regions []*mapping
}

// mapping is a hugepage that is mapped.
type mapping struct {
	raw, used []byte
	populated bool
	given     *vm
}

const (
	mib = 1 << 20
	gib = 1 << 30
)

// newDriver is a node with two cores of two threads in its pool and 1 GiB in small pages.
func newDriver() *driver {
	return &driver{
		cores: [][]uint32{{2, 6}, {3, 7}}, cpuIDs: 8,
		pages: map[int]int{gib: 0, 2 * mib: 512}, allowed: map[int]int{}, foreign: map[int]bool{},
		maxRegions: 1024, lastSlot: 0xabc0, lastCID: 15,
		devices: map[int]bool{}, enclaves: map[int]*vm{}, mappings: map[uintptr]*mapping{},
	}
}

// call records a call and lets the test fail it.
func (d *driver) call(format string, args ...any) error {
	name := fmt.Sprintf(format, args...)
	if d.before != nil {
		if err := d.before(name); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, name)
	return nil
}

func (d *driver) open(path string) (int, error) {
	if err := d.call("open %s", path); err != nil {
		return -1, err
	}
	fd, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.devices[fd] = true
	return fd, err
}

func (d *driver) close(fd int) error {
	d.mu.Lock()
	device, enclave := d.devices[fd], d.enclaves[fd]
	d.mu.Unlock()
	switch {
	case device:
		_ = d.call("close device")
	case enclave != nil:
		_ = d.call("close enclave")
	default:
		return unix.EBADF
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.devices, fd)
	if enclave != nil {
		enclave.die()
		d.cores = append(d.cores, enclave.cores...)
		for _, m := range enclave.regions {
			m.given = nil
		}
		delete(d.enclaves, fd)
	}
	return unix.Close(fd)
}

// die hangs up.
func (v *vm) die() {
	if v.alive {
		v.alive = false
		_ = unix.Close(v.life)
	}
}

func (d *driver) vsock() error {
	_ = d.call("socket")
	return d.noSocket
}

// kill ends an enclave as a kernel panic in it does.
func (d *driver) kill(cid uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.find(cid).die()
}

func (d *driver) find(cid uint32) *vm {
	for _, v := range d.enclaves {
		if v.cid == uint64(cid) {
			return v
		}
	}
	return nil
}

// memory reads n bytes of an enclave's memory.
func (d *driver) memory(cid uint32, offset, n int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b []byte
	for _, m := range d.find(cid).regions {
		from := min(offset, len(m.used))
		offset -= from
		b = append(b, m.used[from:min(len(m.used), from+n-len(b))]...)
	}
	return b
}

// regionsOf says which pages an enclave has, in their order, and how many MiB.
func (d *driver) regionsOf(cid uint32) (string, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := map[int]string{gib: "1Gi", 2 * mib: "2Mi"}
	var runs []string
	total, n := 0, 0
	regions := d.find(cid).regions
	for i, m := range regions {
		total += len(m.used) / mib
		n++
		if i+1 == len(regions) || len(regions[i+1].used) != len(m.used) {
			runs = append(runs, fmt.Sprintf("%dx%s", n, names[len(m.used)]))
			n = 0
		}
	}
	return strings.Join(runs, " + "), total
}

// free is how many pages of a size nobody has.
func (d *driver) free(size int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pages[size]
}

// left says what is still taken, and which rules were broken.
func (d *driver) left() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.broken
	if n := len(d.devices) + len(d.enclaves); n > 0 {
		left = append(left, fmt.Sprintf("%d descriptors are open", n))
	}
	if n := len(d.mappings); n > 0 {
		left = append(left, fmt.Sprintf("%d pages are mapped", n))
	}
	return left
}

// ioctl knows the requests by their numbers.
func (d *driver) ioctl(fd int, request uintptr, arg unsafe.Pointer) (int, error) {
	name, ok := map[uintptr]string{
		0x8008AE20: "create", 0xC004AE21: "add CPU", 0xC010AE22: "load info", 0x4018AE23: "set memory", 0xC010AE24: "start",
	}[request]
	if !ok {
		return -1, unix.ENOTTY
	}
	if err := d.call("%s", name); err != nil {
		return -1, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if name == "create" {
		return d.create(fd, (*uint64)(arg))
	}
	v := d.enclaves[fd]
	if v == nil {
		return -1, unix.ENOTTY
	}
	return 0, driverError(unix.Errno(d.serve(v, name, arg)))
}

// serve returns an errno of the driver, or 0.
func (d *driver) serve(v *vm, name string, arg unsafe.Pointer) int {
	switch name {
	case "add CPU":
		return d.addCPU(v, (*uint32)(arg))
	case "load info":
		return v.loadInfo(unsafe.Slice((*uint64)(arg), 2))
	case "set memory":
		return d.setMemory(v, unsafe.Slice((*uint64)(arg), 3))
	default:
		return d.start(v, unsafe.Slice((*uint64)(arg), 2))
	}
}
