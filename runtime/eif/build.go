package eif

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// Build writes an image of version 4 and returns its measurements. The output must be
// empty; it is written from its start, the header at the end, so that what an
// interrupted build leaves is no image. Memory does not depend on the contents' sizes.
//
// The same specification gives the same bytes, also when it is signed with a key in
// memory; see [NewSigner]. Faults of the specification are reported all at once, as a
// fault.List; content whose size changes while it is read is an error.
func Build(ctx context.Context, out io.WriteSeeker, s Spec) (Measurements, error) {
	if err := s.validate(); err != nil {
		return Measurements{}, err
	}
	metadata, err := s.Metadata.encode()
	if err != nil {
		return Measurements{}, err
	}
	parts := []part{{SectionKernel, s.Kernel}, {SectionCmdline, blob.Bytes([]byte(s.Cmdline))}, {SectionMetadata, blob.Bytes(metadata)}}
	for _, r := range s.Ramdisks {
		parts = append(parts, part{SectionRamdisk, r})
	}
	h := header{version: CurrentVersion, flags: flagsOf(s.Architecture), memory: defaultMemory, cpus: defaultCPUs}
	return assemble(ctx, out, h, parts, s.Signer)
}

// part is a section to be written.
type part struct {
	kind    SectionType
	content Content
}

// assemble writes the parts, a signature if there is a signer, and the header.
func assemble(ctx context.Context, out io.WriteSeeker, h header, parts []part, signer *Signer) (Measurements, error) {
	if err := begin(out); err != nil {
		return Measurements{}, err
	}
	largest := int64(MaxSignature)
	for _, p := range parts {
		largest = max(largest, p.content.Size())
	}
	s := newScanner(out, largest)
	for _, p := range parts {
		if err := s.section(ctx, p.kind, p.content); err != nil {
			return Measurements{}, err
		}
	}
	m := s.registers.measurements()
	if signer != nil {
		signature, err := signer.section(m.PCR0)
		if err != nil {
			return Measurements{}, fmt.Errorf("signing PCR0: %w", err)
		}
		if err := s.section(ctx, SectionSignature, blob.Bytes(signature)); err != nil {
			return Measurements{}, err
		}
		pcr := signer.PCR8()
		m.PCR8 = &pcr
	}
	h.sections = s.sections
	return m, finish(out, h, s)
}

// begin reserves the header's place.
func begin(out io.WriteSeeker) error {
	end, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if end != 0 {
		return fmt.Errorf("the output must be empty, and has %d bytes: old ones would stay behind a shorter image", end)
	}
	_, err = out.Write(make([]byte, headerSize))
	return err
}

func finish(out io.WriteSeeker, h header, s *scanner) error {
	b := h.encode()
	binary.BigEndian.PutUint32(b[atCRC:], s.checksum(b))
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := out.Write(b)
	return err
}
