package eif

import (
	"encoding/binary"
	"fmt"
	"math"
)

// decoder reads an image's layout and collects what is wrong with it.
type decoder struct {
	image *Image
	found Violations
}

func (d *decoder) decode() error {
	h, raw := &d.image.header, d.image.raw
	h.version = binary.BigEndian.Uint16(raw[atVersion:])
	h.flags = binary.BigEndian.Uint16(raw[atFlags:])
	h.memory = binary.BigEndian.Uint64(raw[atMemory:])
	h.cpus = binary.BigEndian.Uint64(raw[atCPUs:])
	d.image.crc = binary.BigEndian.Uint32(raw[atCRC:])
	if !d.identity() {
		return nil
	}
	d.reserved()
	count := int(binary.BigEndian.Uint16(raw[atCount:]))
	if count < minSections || count > MaxSections {
		d.found.add("header.sections", atCount, count, fmt.Sprintf("must be from %d to %d", minSections, MaxSections))
		return nil
	}
	d.unusedEntries(count)
	if err := d.walk(count); err != nil {
		return err
	}
	if len(h.sections) == count {
		d.order()
	}
	return nil
}

// identity tells whether the rest can be understood at all.
func (d *decoder) identity() bool {
	if got := string(d.image.raw[:len(magic)]); got != magic {
		d.found.add("header.magic", 0, got, fmt.Sprintf("must be %q: this is no enclave image", magic))
		return false
	}
	if v := d.image.header.version; v < minVersion || v > CurrentVersion {
		d.found.add("header.version", atVersion, v, fmt.Sprintf("must be from %d to %d", minVersion, CurrentVersion))
		return false
	}
	return true
}

func (d *decoder) reserved() {
	if flags := d.image.header.flags; flags&^flagARM64 != 0 {
		d.found.add("header.flags", atFlags, fmt.Sprintf("%#04x", flags), "only bit 0, the architecture, may be set")
	}
	if v := binary.BigEndian.Uint16(d.image.raw[atReserved:]); v != 0 {
		d.found.add("header.reserved", atReserved, v, "must be zero")
	}
	if v := binary.BigEndian.Uint32(d.image.raw[atUnused:]); v != 0 {
		d.found.add("header.unused", atUnused, v, "must be zero")
	}
}

func (d *decoder) entry(i int) (offset, size uint64) {
	raw := d.image.raw
	return binary.BigEndian.Uint64(raw[atOffsets+8*i:]), binary.BigEndian.Uint64(raw[atSizes+8*i:])
}

func (d *decoder) unusedEntries(count int) {
	for i := count; i < MaxSections; i++ {
		offset, size := d.entry(i)
		if offset != 0 {
			d.found.add(fmt.Sprintf("header.offsets[%d]", i), int64(atOffsets+8*i), offset, fmt.Sprintf("must be zero: there are %d sections", count))
		}
		if size != 0 {
			d.found.add(fmt.Sprintf("header.sizes[%d]", i), int64(atSizes+8*i), size, fmt.Sprintf("must be zero: there are %d sections", count))
		}
	}
}

// walk reads the sections' headers. It stops at the first entry that does not follow
// the one before, since nothing after it can be where the table says.
func (d *decoder) walk(count int) error {
	next := int64(headerSize)
	for i := range count {
		if !d.place(i, next) {
			return nil
		}
		s, err := d.section(i, next)
		if err != nil {
			return err
		}
		d.image.header.sections = append(d.image.header.sections, s)
		next = s.end()
	}
	if next != d.image.size {
		d.found.add("file", next, d.image.size-next, "bytes follow the last section: they are in no section and not measured")
	}
	return nil
}

// place checks that section i begins at next and ends within the file.
func (d *decoder) place(i int, next int64) bool {
	offset, size := d.entry(i)
	before := len(d.found)
	if offset != uint64(next) {
		d.found.add(fmt.Sprintf("header.offsets[%d]", i), int64(atOffsets+8*i), offset,
			fmt.Sprintf("must be %d, where the part before it ends: sections neither overlap nor leave gaps", next))
	}
	room := d.image.size - next - sectionHeader
	if room < 0 || size > math.MaxInt64 || int64(size) > room {
		d.found.add(fmt.Sprintf("header.sizes[%d]", i), int64(atSizes+8*i), size,
			fmt.Sprintf("must be at most %d, for the section to end within the file of %d bytes", max(room, 0), d.image.size))
	}
	return len(d.found) == before
}

// section reads the header of section i, which lies within the file.
func (d *decoder) section(i int, offset int64) (Section, error) {
	var b [sectionHeader]byte
	if err := d.image.read("section's header", b[:], offset); err != nil {
		return Section{}, err
	}
	_, want := d.entry(i)
	s := Section{SectionType(binary.BigEndian.Uint16(b[:])), offset, int64(want)}
	name := fmt.Sprintf("sections[%d]", i)
	if flags := binary.BigEndian.Uint16(b[2:]); flags != 0 {
		d.found.add(name+".flags", offset+2, flags, "must be zero")
	}
	if size := binary.BigEndian.Uint64(b[4:]); size != want {
		d.found.add(name+".size", offset+4, size, fmt.Sprintf("must be %d, as in the header's table", want))
	}
	if most, bounded := maxPayload[s.Type]; bounded && s.Size > most {
		d.found.add(name+".size", offset+4, s.Size, fmt.Sprintf("must be at most %d for a %s", most, s.Type))
	}
	if s.Size == 0 && s.Type != SectionCmdline {
		d.found.add(name+".size", offset+4, s.Size, fmt.Sprintf("must not be zero for a %s", s.Type))
	}
	return s, nil
}
