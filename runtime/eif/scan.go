package eif

import (
	"context"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// scanner passes sections through the checksum and the registers, and to an output if
// there is one. It holds one chunk in memory.
type scanner struct {
	crc       hash.Hash32
	registers *registers
	out       io.Writer
	buffer    []byte
	offset    int64
	sections  []Section
}

// newScanner returns a scanner for sections of at most so many bytes.
func newScanner(out io.Writer, largest int64) *scanner {
	buffer := make([]byte, max(1, min(chunkSize, largest)))
	return &scanner{crc: crc32.NewIEEE(), registers: newRegisters(), out: out, buffer: buffer, offset: headerSize}
}

// section takes the next section, header and payload.
func (s *scanner) section(ctx context.Context, t SectionType, c Content) error {
	entry := Section{t, s.offset, c.Size()}
	file := io.MultiWriter(s.crc, s.out)
	if _, err := file.Write(entry.encode()); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	sinks := []io.Writer{file}
	for _, h := range s.registers.hashes(t) {
		sinks = append(sinks, h)
	}
	if err := s.copy(ctx, c, entry.Size, sinks); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	s.registers.done(t)
	s.sections = append(s.sections, entry)
	s.offset = entry.end()
	return nil
}

// copy passes on as many bytes as the section's header says.
func (s *scanner) copy(ctx context.Context, c Content, size int64, sinks []io.Writer) error {
	r, err := c.Open()
	if err != nil {
		return err
	}
	if err := pump(ctx, r, size, s.buffer, sinks); err != nil {
		_ = r.Close()
		return err
	}
	return r.Close()
}

// checksum is the CRC of the header and the sections so far.
func (s *scanner) checksum(header []byte) uint32 {
	return joinCRC(crc32.ChecksumIEEE(header[:crcProtected]), s.crc.Sum32(), s.offset-headerSize)
}
