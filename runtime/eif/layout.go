package eif

import (
	"encoding/binary"
	"fmt"
)

// Sizes and numbers of the format (crate aws-nitro-enclaves-image-format, src/defs).
const (
	magic         = ".eif"
	headerSize    = 548
	sectionHeader = 12
	// MaxSections is the number of entries of the header's table.
	MaxSections = 32
	// minSections: kernel, command line, ramdisk. Version 2 has nothing else.
	minSections = 3
	// CurrentVersion is the version that Build and Sign write.
	CurrentVersion = 4
	minVersion     = 2
)

// Byte offsets of the header's fields.
const (
	atVersion    = 4
	atFlags      = 6
	atMemory     = 8
	atCPUs       = 16
	atReserved   = 24
	atCount      = 26
	atOffsets    = 28
	atSizes      = atOffsets + 8*MaxSections
	atUnused     = atSizes + 8*MaxSections
	atCRC        = atUnused + 4
	crcProtected = atCRC
)

// Defaults that AWS's writer puts into every header. nitro-cli and the hypervisor take
// memory and CPUs from the command that starts the enclave, not from here.
const (
	defaultMemory = 1 << 30
	defaultCPUs   = 2
)

// SectionType says what a section holds.
type SectionType uint16

// The types of sections.
const (
	SectionKernel    SectionType = 1
	SectionCmdline   SectionType = 2
	SectionRamdisk   SectionType = 3
	SectionSignature SectionType = 4
	SectionMetadata  SectionType = 5
)

// String names the type in lower case.
func (t SectionType) String() string {
	switch t {
	case SectionKernel:
		return "kernel"
	case SectionCmdline:
		return "cmdline"
	case SectionRamdisk:
		return "ramdisk"
	case SectionSignature:
		return "signature"
	case SectionMetadata:
		return "metadata"
	}
	return fmt.Sprintf("type %d", uint16(t))
}

// MarshalText implements [encoding.TextMarshaler].
func (t SectionType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Section is an entry of an image's table.
type Section struct {
	Type SectionType
	// Offset is the position of the section's header in the file; the payload
	// follows 12 bytes later.
	Offset int64
	// Size is the payload's number of bytes.
	Size int64
}

func (s Section) payload() int64 { return s.Offset + sectionHeader }
func (s Section) end() int64     { return s.payload() + s.Size }

// encode writes the section's header.
func (s Section) encode() []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(s.Type))
	b = binary.BigEndian.AppendUint16(b, 0)
	return binary.BigEndian.AppendUint64(b, uint64(s.Size))
}

// header is the file's header, but for its CRC.
type header struct {
	version, flags uint16
	memory, cpus   uint64
	sections       []Section
}

// encode writes the header with a CRC of zero.
func (h header) encode() []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	binary.BigEndian.PutUint16(b[atVersion:], h.version)
	binary.BigEndian.PutUint16(b[atFlags:], h.flags)
	binary.BigEndian.PutUint64(b[atMemory:], h.memory)
	binary.BigEndian.PutUint64(b[atCPUs:], h.cpus)
	binary.BigEndian.PutUint16(b[atCount:], uint16(len(h.sections)))
	for i, s := range h.sections {
		binary.BigEndian.PutUint64(b[atOffsets+8*i:], uint64(s.Offset))
		binary.BigEndian.PutUint64(b[atSizes+8*i:], uint64(s.Size))
	}
	return b
}
