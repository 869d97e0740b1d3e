package eif

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Sign copies an image with a new signature in place of the one that it may have, and
// returns its measurements; PCR0 to PCR2 stay the same. The output must be empty and
// another file than the image's. It is written as version 4, older images too. An image
// whose checksum is wrong is refused, since the new one would hide the damage.
func Sign(ctx context.Context, out io.WriteSeeker, im *Image, signer *Signer) (Measurements, error) {
	if signer == nil {
		return Measurements{}, errors.New("there is no signer")
	}
	s, err := im.scan(ctx)
	if err != nil {
		return Measurements{}, err
	}
	if err := im.checkCRC(s).err(); err != nil {
		return Measurements{}, err
	}
	var parts []part
	for _, section := range im.header.sections {
		if section.Type != SectionSignature {
			parts = append(parts, part{section.Type, im.payload(section)})
		}
	}
	if len(parts) == MaxSections {
		return Measurements{}, fmt.Errorf("the image has %d sections: there is no room for a signature", MaxSections)
	}
	h := im.header
	h.version = CurrentVersion
	return assemble(ctx, out, h, parts, signer)
}
