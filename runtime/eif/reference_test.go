package eif

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"hash/crc32"
)

// rawSection is a section of an image that is written without any check.
type rawSection struct {
	kind    uint16
	payload string
}

// rawImage writes an image in memory, in the plainest way: what the real writer is
// compared with, and what broken images are made from.
func rawImage(version, flags uint16, sections ...rawSection) []byte {
	var body, offsets, sizes []byte
	for _, s := range sections {
		offsets = binary.BigEndian.AppendUint64(offsets, uint64(548+len(body)))
		sizes = binary.BigEndian.AppendUint64(sizes, uint64(len(s.payload)))
		body = binary.BigEndian.AppendUint16(body, s.kind)
		body = append(body, 0, 0)
		body = binary.BigEndian.AppendUint64(body, uint64(len(s.payload)))
		body = append(body, s.payload...)
	}
	b := binary.BigEndian.AppendUint16([]byte(".eif"), version)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint64(b, 1<<30)
	b = binary.BigEndian.AppendUint64(b, 2)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(sections)))
	b = append(b, append(offsets, make([]byte, 256-len(offsets))...)...)
	b = append(b, append(sizes, make([]byte, 256-len(sizes))...)...)
	b = append(b, 0, 0, 0, 0)
	sum := crc32.ChecksumIEEE(append(bytes.Clone(b), body...))
	return append(binary.BigEndian.AppendUint32(b, sum), body...)
}

// fixCRC refreshes the checksum of a changed image.
func fixCRC(b []byte) []byte {
	sum := crc32.Update(crc32.ChecksumIEEE(b[:544]), crc32.IEEETable, b[548:])
	binary.BigEndian.PutUint32(b[544:], sum)
	return b
}

// pcrOf is the definition of a PCR, over one text.
func pcrOf(text string) Digest {
	inner := sha512.Sum384([]byte(text))
	return sha512.Sum384(append(make([]byte, 48), inner[:]...))
}

// sampleSections are the sections of sampleSpec.
func sampleSections() []rawSection {
	return []rawSection{
		{1, "the kernel"},
		{2, "reboot=k panic=30"},
		{5, `{"ImageName":"signer","ImageVersion":"1.2.3","BuildMetadata":{"BuildTime":"1970-01-01T00:00:00+00:00","BuildTool":"chamber","BuildToolVersion":"0","OperatingSystem":"Linux","KernelVersion":"6.12"},"DockerInfo":{"a":"<x>","b":1},"CustomMetadata":null}`},
		{3, "bootstrap"},
		{3, "application"},
		{3, "more"},
	}
}
