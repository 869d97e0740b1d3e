package device

import (
	"encoding/binary"
	"fmt"
)

// headerLen is the length of a packet's header (virtio 1.2, section 5.10.6).
const headerLen = 44

// maxData is the most that Linux puts into a packet (VIRTIO_VSOCK_MAX_PKT_BUF_SIZE).
const maxData = 64 << 10

// operation is what a packet means.
type operation uint16

// The operations of a stream.
const (
	opRequest       operation = 1
	opResponse      operation = 2
	opReset         operation = 3
	opShutdown      operation = 4
	opData          operation = 5
	opCreditUpdate  operation = 6
	opCreditRequest operation = 7
)

// typeStream is the type of packets of streams.
const typeStream = 1

// Flags of a shutdown: what its sender will not do any more.
const (
	noReceive uint32 = 1
	noSend    uint32 = 2
)

// packet is one of a vsock device.
type packet struct {
	from, to         uint64
	fromPort, toPort uint32
	kind             uint16
	op               operation
	flags            uint32
	// allocated is the room for data that the sender has for the connection, forwarded
	// how many bytes of it have been read in all.
	allocated, forwarded uint32
	data                 []byte
}

// parsePacket reads what a guest has sent. The data is a copy: a guest can change its
// memory at any time.
func parsePacket(parts [][]byte) (packet, error) {
	var raw []byte
	for _, part := range parts {
		if len(raw)+len(part) > headerLen+maxData {
			return packet{}, fmt.Errorf("a packet has more than %d bytes", maxData)
		}
		raw = append(raw, part...)
	}
	if len(raw) < headerLen {
		return packet{}, fmt.Errorf("a packet has %d bytes, less than its header", len(raw))
	}
	le := binary.LittleEndian
	p := packet{
		from: le.Uint64(raw), to: le.Uint64(raw[8:]), fromPort: le.Uint32(raw[16:]), toPort: le.Uint32(raw[20:]),
		kind: le.Uint16(raw[28:]), op: operation(le.Uint16(raw[30:])), flags: le.Uint32(raw[32:]),
		allocated: le.Uint32(raw[36:]), forwarded: le.Uint32(raw[40:]),
	}
	size := le.Uint32(raw[24:])
	if int64(size) > int64(len(raw)-headerLen) {
		return packet{}, fmt.Errorf("a packet says to have %d bytes, and has %d", size, len(raw)-headerLen)
	}
	p.data = raw[headerLen : headerLen+int(size)]
	return p, nil
}

// header is the packet's, for so many bytes of data.
func (p packet) header(size int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint64(make([]byte, 0, headerLen), p.from)
	b = le.AppendUint64(b, p.to)
	b = le.AppendUint32(b, p.fromPort)
	b = le.AppendUint32(b, p.toPort)
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint16(b, p.kind)
	b = le.AppendUint16(b, uint16(p.op))
	b = le.AppendUint32(b, p.flags)
	b = le.AppendUint32(b, p.allocated)
	return le.AppendUint32(b, p.forwarded)
}

// fill writes the packet, or as much of its data as there is room for, and returns how
// many bytes it has written and the data that is left. Guests offer buffers of 4 KiB and
// send packets of 64 KiB, so that somebody has to part them.
func (p packet) fill(parts [][]byte) (written int, rest []byte, err error) {
	room := 0
	for _, part := range parts {
		room += len(part)
	}
	if room <= headerLen {
		return 0, nil, fmt.Errorf("a buffer for packets has %d bytes", room)
	}
	size := min(len(p.data), room-headerLen)
	raw := append(p.header(size), p.data[:size]...)
	written = len(raw)
	for _, part := range parts {
		raw = raw[copy(part, raw):]
	}
	return written, p.data[size:], nil
}
