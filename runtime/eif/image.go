package eif

import "slices"

// Version is the format's version: 2, 3 or 4.
func (im *Image) Version() int { return int(im.header.version) }

// Architecture is the processor architecture that the header names.
func (im *Image) Architecture() Architecture { return architectureOf(im.header.flags) }

// DefaultMemory is the number of bytes in the header, which nothing is known to use.
func (im *Image) DefaultMemory() uint64 { return im.header.memory }

// DefaultCPUs is the number of CPUs in the header, which nothing is known to use.
func (im *Image) DefaultCPUs() uint64 { return im.header.cpus }

// CRC is the checksum in the header; only [Image.Verify] compares it with the file's.
func (im *Image) CRC() uint32 { return im.crc }

// Size is the number of bytes of the file.
func (im *Image) Size() int64 { return im.size }

// Sections returns the table.
func (im *Image) Sections() []Section { return slices.Clone(im.header.sections) }

// Cmdline is the kernel's command line.
func (im *Image) Cmdline() string { return im.cmdline }

// Kernel is the kernel's content. It can be read until the image is closed.
func (im *Image) Kernel() Content { return im.contents(SectionKernel)[0] }

// Ramdisks are the ramdisks' contents; the first is the bootstrap one. They can be read
// until the image is closed.
func (im *Image) Ramdisks() []Content { return im.contents(SectionRamdisk) }

// Signed tells whether there is a signature section. It may be wrong; see [Image.Verify].
func (im *Image) Signed() bool { return im.signature != nil }

func (im *Image) contents(t SectionType) []Content {
	var all []Content
	for _, part := range im.parts(t) {
		all = append(all, part)
	}
	return all
}

// parts are the payloads of one type.
func (im *Image) parts(t SectionType) []span {
	var all []span
	for _, s := range im.header.sections {
		if s.Type == t {
			all = append(all, im.payload(s))
		}
	}
	return all
}

func (im *Image) payload(s Section) span { return span{im.r, s.payload(), s.Size} }

func (im *Image) section(t SectionType) (Section, bool) {
	i := slices.IndexFunc(im.header.sections, func(s Section) bool { return s.Type == t })
	if i < 0 {
		return Section{}, false
	}
	return im.header.sections[i], true
}
