package device

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Features of the device (virtio) and of the protocol (vhost-user).
const (
	version1         uint64 = 1 << 32
	protocolFeatures uint64 = 1 << 30

	replyAck uint64 = 1 << 3
	// backendChannel has the device send requests of its own, which it never does. But
	// virtio_uml gets the number of its interrupt with the channel; without, it asks for
	// interrupt 0, which is the timer's, and fails (Linux 6.1 and 6.12).
	backendChannel uint64 = 1 << 5
	config         uint64 = 1 << 9
)

// session is a conversation with a driver.
type session struct {
	peer   *peer
	guest  *guest
	memory memory
	queues [queues]queue
	// channel is the driver's, kept open for it.
	channel []int
	failed  chan error
}

func (s *session) run() error {
	s.failed = make(chan error, queues)
	defer s.close()
	for {
		m, err := s.peer.receive()
		if err == nil {
			err = s.handle(m)
		}
		select {
		case failure := <-s.failed:
			return failure
		default:
		}
		if ended(err) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) close() {
	for i := range s.queues {
		s.queues[i].stop()
		s.queues[i].closeFiles()
	}
	s.memory.unmap()
	closeFiles(s.channel)
	_ = s.peer.conn.Close()
}

// fail ends the session from a queue's worker.
func (s *session) fail(err error) {
	s.failed <- err
	_ = s.peer.conn.Close()
}

// handle does what a message says and answers it.
func (s *session) handle(m message) error {
	answer, err := s.do(m)
	if err != nil {
		return fmt.Errorf("message %d: %w", m.request, err)
	}
	if answer == nil && m.flags&needReply != 0 {
		answer = make([]byte, 8)
	}
	if answer == nil {
		return nil
	}
	return s.peer.send(message{request: m.request, flags: version | isReply, body: answer})
}

// do returns the answer of requests that have one. It takes the message's files.
func (s *session) do(m message) ([]byte, error) {
	switch m.request {
	case setRingKick, setRingCall, setRingError:
		return nil, s.setFile(m)
	case setBackendChannel:
		closeFiles(s.channel)
		s.channel = m.files
		return nil, nil
	default:
		defer closeFiles(m.files)
		return s.answer(m)
	}
}

// answer handles requests whose files nobody keeps.
func (s *session) answer(m message) ([]byte, error) {
	switch m.request {
	case getFeatures:
		return binary.LittleEndian.AppendUint64(nil, version1|protocolFeatures), nil
	case getProtocolFeatures:
		return binary.LittleEndian.AppendUint64(nil, replyAck|backendChannel|config), nil
	case setFeatures, setProtocolFeatures, setOwner, setConfig:
		return nil, nil // what it does not offer is not used
	case getConfig:
		return s.config(m.body)
	case setMemoryTable:
		return nil, s.setMemory(m)
	case setRingSize, setRingBase, setRingEnable, getRingBase:
		return s.setRing(m)
	case setRingAddresses:
		return nil, s.setAddresses(m.body)
	default:
		return nil, errors.New("is not known here")
	}
}

// Sizes in a message of the configuration: offset, size and flags, and the content.
const configHead, configSize = 12, 8

// config answers with the guest's context ID.
func (s *session) config(body []byte) ([]byte, error) {
	if len(body) < configHead {
		return nil, errors.New("is too short")
	}
	offset, size := binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint32(body[4:])
	if offset > configSize || size > configSize-offset {
		return nil, fmt.Errorf("asks for %d bytes from %d on, of %d", size, offset, configSize)
	}
	content := binary.LittleEndian.AppendUint64(nil, uint64(s.guest.cid))
	return append(append([]byte{}, body[:configHead]...), content[offset:offset+size]...), nil
}

func (s *session) setMemory(m message) (err error) {
	if s.memory != nil {
		return errors.New("comes a second time")
	}
	s.memory, err = mapMemory(m.body, m.files)
	return err
}
