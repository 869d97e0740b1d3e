package device

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// region is a part of a guest's memory.
type region struct {
	// guest and user are its addresses in the guest and in the driver's process.
	guest, user uint64
	// data is in mapping, which begins where the file does.
	data, mapping []byte
}

// memory is what a guest shares with its device.
type memory []region

// Sizes of a memory table: the number of regions with its padding, and a region.
const tableHead, tableRegion = 8, 32

// mapMemory maps the regions of a table, each of which has a file. User Mode Linux sends
// a table of two regions' size when there is one in it: the number counts.
func mapMemory(table []byte, files []int) (memory, error) {
	if len(table) < tableHead {
		return nil, errors.New("a memory table without its head")
	}
	n := binary.LittleEndian.Uint32(table)
	if n > maxFiles || len(table) < tableHead+tableRegion*int(n) || len(files) < int(n) {
		return nil, fmt.Errorf("a memory table of %d regions has %d bytes and %d files", n, len(table), len(files))
	}
	var m memory
	for i := range int(n) {
		r, err := mapRegion(table[tableHead+tableRegion*i:], files[i])
		if err != nil {
			m.unmap()
			return nil, fmt.Errorf("mapping region %d: %w", i, err)
		}
		m = append(m, r)
	}
	return m, nil
}

func mapRegion(entry []byte, file int) (region, error) {
	r := region{guest: binary.LittleEndian.Uint64(entry), user: binary.LittleEndian.Uint64(entry[16:])}
	size, offset := binary.LittleEndian.Uint64(entry[8:]), binary.LittleEndian.Uint64(entry[24:])
	var s unix.Stat_t
	if err := unix.Fstat(file, &s); err != nil {
		return r, err
	}
	// What is behind the file's end would be a fault of this process to touch.
	if end := offset + size; size == 0 || end < offset || end > uint64(s.Size) {
		return r, fmt.Errorf("%d bytes from %d on are not in a file of %d", size, offset, s.Size)
	}
	var err error
	r.mapping, err = unix.Mmap(file, 0, int(offset+size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err == nil {
		r.data = r.mapping[offset:]
	}
	return r, err
}

func (m memory) unmap() {
	for _, r := range m {
		_ = unix.Munmap(r.mapping)
	}
}

// at returns what is at an address of the guest.
func (m memory) at(address, size uint64) ([]byte, error) {
	return m.find(address, size, func(r region) uint64 { return r.guest })
}

// atUser returns what is at an address of the driver's process.
func (m memory) atUser(address, size uint64) ([]byte, error) {
	return m.find(address, size, func(r region) uint64 { return r.user })
}

func (m memory) find(address, size uint64, start func(region) uint64) ([]byte, error) {
	for _, r := range m {
		offset := address - start(r)
		if length := uint64(len(r.data)); address >= start(r) && offset <= length && size <= length-offset {
			return r.data[offset : offset+size : offset+size], nil
		}
	}
	return nil, fmt.Errorf("%d bytes at %#x are not in the guest's memory", size, address)
}
