package device

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"
)

// ring is a split virtqueue (virtio 1.2, section 2.7), without any of the optional
// features. One goroutine uses it.
type ring struct {
	memory            memory
	size              uint16
	table, avail, use []byte
	// next is the next of avail to be looked at, used how many were given back.
	next, used uint16
}

// maxRing is the largest that a virtqueue can be.
const maxRing = 1 << 15

// Sizes of the parts of a ring, and flags of a descriptor.
const (
	descriptorSize, usedSize = 16, 8

	hasNext    = 1
	isWritable = 2
)

func newRing(m memory, size uint32, table, avail, used uint64) (*ring, error) {
	if size == 0 || size > maxRing || size&(size-1) != 0 {
		return nil, fmt.Errorf("a ring of %d entries", size)
	}
	r := &ring{memory: m, size: uint16(size)}
	var errs [3]error
	r.table, errs[0] = m.atUser(table, descriptorSize*uint64(size))
	r.avail, errs[1] = m.atUser(avail, 4+2*uint64(size))
	r.use, errs[2] = m.atUser(used, 4+usedSize*uint64(size))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	for _, part := range [][]byte{r.avail, r.use} {
		if uintptr(unsafe.Pointer(&part[0]))%4 != 0 { // Linux aligns both to more than that
			return nil, fmt.Errorf("a ring at %#x and %#x", avail, used)
		}
	}
	return r, nil
}

// chain is a buffer that the guest has made available: first what it has written, then
// what the device may write.
type chain struct {
	head               uint16
	readable, writable [][]byte
}

// flags and index are the two halves of a word.
func load(part []byte) (flags, index uint16) {
	word := atomic.LoadUint32((*uint32)(unsafe.Pointer(&part[0])))
	return uint16(word), uint16(word >> 16)
}

// pop takes the next buffer; ok is false when there is none.
func (r *ring) pop() (c chain, ok bool, err error) {
	if _, index := load(r.avail); index == r.next {
		return c, false, nil
	}
	c.head = binary.LittleEndian.Uint16(r.avail[4+2*int(r.next%r.size):])
	r.next++
	at := c.head
	for range r.size {
		if at >= r.size {
			return c, false, fmt.Errorf("descriptor %d of %d", at, r.size)
		}
		d := r.table[descriptorSize*int(at):]
		part, err := r.memory.at(binary.LittleEndian.Uint64(d), uint64(binary.LittleEndian.Uint32(d[8:])))
		if err != nil {
			return c, false, err
		}
		flags := binary.LittleEndian.Uint16(d[12:])
		if flags&isWritable != 0 {
			c.writable = append(c.writable, part)
		} else {
			c.readable = append(c.readable, part)
		}
		if flags&hasNext == 0 {
			return c, true, nil
		}
		at = binary.LittleEndian.Uint16(d[14:])
	}
	return c, false, errors.New("a chain of descriptors without an end")
}

// push gives a buffer back, with so many bytes written.
func (r *ring) push(head uint16, written int) {
	entry := r.use[4+usedSize*int(r.used%r.size):]
	binary.LittleEndian.PutUint32(entry, uint32(head))
	binary.LittleEndian.PutUint32(entry[4:], uint32(written))
	r.used++
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&r.use[0])), uint32(r.used)<<16)
}

// wantsCall tells whether the guest wants to know of what was pushed.
func (r *ring) wantsCall() bool {
	flags, _ := load(r.avail)
	return flags&1 == 0
}
