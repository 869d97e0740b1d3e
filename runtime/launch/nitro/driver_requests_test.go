//go:build linux

package nitro

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func (d *driver) create(fd int, slot *uint64) (int, error) {
	if !d.devices[fd] {
		return -1, unix.ENOTTY
	}
	if len(d.cores) == 0 {
		return -1, driverError(272)
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return -1, err
	}
	d.lastSlot++
	*slot = d.lastSlot
	d.enclaves[ends[0]] = &vm{life: ends[1], alive: true, vcpus: map[uint32]bool{}}
	return ends[0], nil
}

func (v *vm) loadInfo(info []uint64) int {
	switch {
	case v.running:
		return 270
	case info[0] != 1:
		return 274
	}
	info[1] = 8 * mib
	return 0
}

// addCPU picks a CPU for 0: of a core that the enclave has begun, or else of a new one,
// which it gets as a whole.
func (d *driver) addCPU(v *vm, cpu *uint32) int {
	switch {
	case v.running:
		return 270
	case *cpu >= d.cpuIDs:
		return 271
	case *cpu != 0:
		d.broken = append(d.broken, "the model leaves the choice of CPUs to the driver")
		return 257
	}
	for _, core := range v.cores {
		for _, id := range core {
			if !v.vcpus[id] {
				v.vcpus[id], *cpu = true, id
				return 0
			}
		}
	}
	if len(d.cores) == 0 {
		return 272
	}
	core := d.cores[0]
	d.cores = d.cores[1:]
	v.cores = append(v.cores, core)
	v.vcpus[core[0]], *cpu = true, core[0]
	return 0
}

func (d *driver) setMemory(v *vm, region []uint64) int {
	flags, size, address := region[0], region[1], uintptr(region[2])
	m := d.mappings[address]
	switch {
	case flags != 0:
		return 274
	case v.running:
		return 270
	case size%(2*mib) != 0:
		return 259
	case address%(2*mib) != 0:
		return 261
	case m == nil || uint64(len(m.used)) != size:
		return 263
	case m.given != nil:
		return 262
	case d.foreign[len(m.used)]:
		return 264
	case len(v.regions) == d.maxRegions:
		return 265
	case !m.populated && d.charge(m) != nil:
		return int(unix.EFAULT)
	}
	m.given = v
	v.regions = append(v.regions, m)
	// From here on it is the enclave's: whoever writes to it gets an error.
	if err := unix.Mprotect(m.used, unix.PROT_READ); err != nil {
		return int(unix.EFAULT)
	}
	return 0
}

// start has the checks in the driver's order.
func (d *driver) start(v *vm, info []uint64) int {
	size := 0
	for _, m := range v.regions {
		size += len(m.used)
	}
	threads := 0
	for _, core := range v.cores {
		threads += len(core)
	}
	switch cid := info[1]; {
	case info[0] > 1:
		return 274
	case cid > 0 && cid <= 3 || cid >= 0xFFFFFFFF:
		return 275
	case v.running:
		return 270
	case size == 0:
		return 266
	case size < 64*mib:
		return 268
	case threads == 0:
		return 267
	case threads != len(v.vcpus):
		return 269
	}
	d.lastCID++
	v.running, v.debug, v.cid = true, info[0] == 1, d.lastCID
	info[1] = v.cid
	return 0
}

// mmap takes a page of the size that the flags say, at an address of that alignment but
// for the largest, for which 2 MiB is enough.
func (d *driver) mmap(bytes, flags int) ([]byte, error) {
	if err := d.call("mmap %d", bytes/mib); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	free, known := d.pages[bytes]
	switch {
	case !known || 1<<(flags>>26) != bytes:
		return nil, unix.EINVAL
	case free == 0:
		return nil, unix.ENOMEM
	}
	raw, err := unix.Mmap(-1, 0, bytes+2*mib, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, err
	}
	d.pages[bytes]--
	skip := -int(uintptr(unsafe.Pointer(&raw[0]))) & (2*mib - 1)
	m := &mapping{raw: raw, used: raw[skip : skip+bytes : skip+bytes]}
	d.mappings[uintptr(unsafe.Pointer(&m.used[0]))] = m
	return m.used, nil
}

func (d *driver) populate(b []byte) error {
	if err := d.call("populate %d", len(b)/mib); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.charge(d.mappings[uintptr(unsafe.Pointer(&b[0]))])
}

// charge counts a page against the cgroup's limit when it is touched.
func (d *driver) charge(m *mapping) error {
	left, limited := d.allowed[len(m.used)]
	if limited && left == 0 {
		return unix.EFAULT
	}
	if limited {
		d.allowed[len(m.used)]--
	}
	m.populated = true
	return nil
}

func (d *driver) munmap(b []byte) error {
	_ = d.call("munmap %d", len(b)/mib)
	d.mu.Lock()
	defer d.mu.Unlock()
	address := uintptr(unsafe.Pointer(&b[0]))
	m := d.mappings[address]
	if m == nil {
		d.broken = append(d.broken, "a page was unmapped that was not mapped")
		return unix.EINVAL
	}
	if m.given != nil {
		d.broken = append(d.broken, "a page was unmapped while its enclave was there")
	}
	delete(d.mappings, address)
	d.pages[len(m.used)]++
	if _, limited := d.allowed[len(m.used)]; limited && m.populated {
		d.allowed[len(m.used)]++
	}
	return unix.Munmap(m.raw)
}
