package device

import (
	"encoding/binary"
	"fmt"
	"io"
)

// request is the kind of a message.
type request uint32

// The requests of a driver; the numbers are those of QEMU's docs/interop/vhost-user.rst.
const (
	getFeatures         request = 1
	setFeatures         request = 2
	setOwner            request = 3
	setMemoryTable      request = 5
	setRingSize         request = 8
	setRingAddresses    request = 9
	setRingBase         request = 10
	getRingBase         request = 11
	setRingKick         request = 12
	setRingCall         request = 13
	setRingError        request = 14
	getProtocolFeatures request = 15
	setProtocolFeatures request = 16
	setRingEnable       request = 18
	setBackendChannel   request = 21
	getConfig           request = 24
	setConfig           request = 25
)

// Flags of a message: a version in the lowest two bits, and two more.
const (
	versionMask uint32 = 3
	version     uint32 = 1
	isReply     uint32 = 1 << 2
	needReply   uint32 = 1 << 3
)

const (
	headerSize = 12
	// maxBody is more than any message has.
	maxBody = 4096
	// maxFiles is how many descriptors come with a message, one for each region of
	// memory (VHOST_USER_MAX_RAM_SLOTS is 8 where regions come in one table).
	maxFiles = 8
)

// message is one of the vhost-user protocol. Its files are open descriptors, and
// belong to whoever has the message.
type message struct {
	request request
	flags   uint32
	body    []byte
	files   []int
}

// decode reads a message without its files.
func decode(r io.Reader) (message, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(r, header); err != nil {
		return message{}, err
	}
	m := message{request: request(binary.LittleEndian.Uint32(header)), flags: binary.LittleEndian.Uint32(header[4:])}
	if got := m.flags & versionMask; got != version {
		return message{}, fmt.Errorf("message %d is of version %d of vhost-user, want %d", m.request, got, version)
	}
	size := binary.LittleEndian.Uint32(header[8:])
	if size > maxBody {
		return message{}, fmt.Errorf("message %d has %d bytes, more than %d", m.request, size, maxBody)
	}
	m.body = make([]byte, size)
	if _, err := io.ReadFull(r, m.body); err != nil {
		return message{}, fmt.Errorf("message %d is cut short: %w", m.request, noEOF(err))
	}
	return m, nil
}

// noEOF keeps the end inside of a message from looking like one between messages.
func noEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // as io.ReadFull returns it
		return io.ErrUnexpectedEOF
	}
	return err
}

// encode is the message without its files.
func (m message) encode() []byte {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, headerSize+len(m.body)), uint32(m.request))
	b = binary.LittleEndian.AppendUint32(b, m.flags)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.body)))
	return append(b, m.body...)
}
