package eif

import "fmt"

// minVersionOf is the version that brought a type of section.
var minVersionOf = map[SectionType]uint16{
	SectionKernel: minVersion, SectionCmdline: minVersion, SectionRamdisk: minVersion,
	SectionSignature: 3, SectionMetadata: 4,
}

// order checks which sections there are, and their order as far as the measurements
// depend on it: kernel, command line, ramdisks.
func (d *decoder) order() {
	seen := map[SectionType]int{}
	for i, s := range d.image.header.sections {
		name := fmt.Sprintf("sections[%d].type", i)
		if since, known := minVersionOf[s.Type]; !known {
			d.found.add(name, s.Offset, uint16(s.Type), "must be from 1 to 5: kernel, cmdline, ramdisk, signature, metadata")
		} else if v := d.image.header.version; v < since {
			d.found.add(name, s.Offset, s.Type, fmt.Sprintf("version %d images have none", v))
		}
		if s.Type != SectionRamdisk && seen[s.Type] > 0 {
			d.found.add(name, s.Offset, s.Type, "must occur only once")
		}
		if s.Type == SectionCmdline && seen[SectionKernel] == 0 || s.Type == SectionRamdisk && seen[SectionCmdline] == 0 {
			d.found.add(name, s.Offset, s.Type, "is out of order: kernel, cmdline and ramdisks are measured in this order")
		}
		seen[s.Type]++
	}
	for _, t := range []SectionType{SectionKernel, SectionCmdline, SectionRamdisk} {
		if seen[t] == 0 {
			d.found.add("sections", -1, nil, fmt.Sprintf("there is no %s", t))
		}
	}
}
