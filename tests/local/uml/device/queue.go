package device

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// queue is what the driver has said of one.
type queue struct {
	size               uint32
	table, avail, used uint64
	base               uint32
	kick, call         *os.File
	worker             *worker
	ring               *ring
}

func (s *session) queue(index uint32) (*queue, error) {
	if index >= queues {
		return nil, fmt.Errorf("there is no queue %d", index)
	}
	return &s.queues[index], nil
}

// setRing handles the messages of an index and a number.
func (s *session) setRing(m message) ([]byte, error) {
	if len(m.body) < 8 {
		return nil, errors.New("is too short")
	}
	index, value := binary.LittleEndian.Uint32(m.body), binary.LittleEndian.Uint32(m.body[4:])
	q, err := s.queue(index)
	if err != nil {
		return nil, err
	}
	switch m.request {
	case setRingSize:
		q.size = value
	case setRingBase:
		q.base = value
	case getRingBase:
		q.stop()
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, index), q.base), nil
	default: // setRingEnable
		q.stop()
		if value != 0 {
			return nil, s.start(index, q)
		}
	}
	return nil, nil
}

func (s *session) setAddresses(body []byte) error {
	if len(body) < 40 {
		return errors.New("is too short")
	}
	q, err := s.queue(binary.LittleEndian.Uint32(body))
	if err != nil {
		return err
	}
	q.table, q.used, q.avail = binary.LittleEndian.Uint64(body[8:]), binary.LittleEndian.Uint64(body[16:]), binary.LittleEndian.Uint64(body[24:])
	return nil
}

// setFile takes a descriptor by which a queue's ends wake each other.
func (s *session) setFile(m message) error {
	if len(m.body) < 8 || len(m.files) != 1 {
		closeFiles(m.files)
		return fmt.Errorf("comes with %d bytes and %d descriptors", len(m.body), len(m.files))
	}
	q, err := s.queue(uint32(m.body[0]))
	if err == nil && q.worker != nil {
		err = errors.New("comes while the queue is in use")
	}
	if err != nil || m.request == setRingError {
		closeFiles(m.files)
		return err
	}
	file := &q.kick
	if m.request == setRingCall {
		file = &q.call
	}
	if *file != nil {
		_ = (*file).Close()
	}
	*file = openFile(m.files[0], "queue")
	return nil
}

// start begins to work on a queue.
func (s *session) start(index uint32, q *queue) error {
	if q.kick == nil || q.call == nil {
		return errors.New("comes before the queue's descriptors")
	}
	var err error
	if q.ring, err = newRing(s.memory, q.size, q.table, q.avail, q.used); err != nil {
		return err
	}
	q.ring.next, q.ring.used = uint16(q.base), uint16(q.base)
	wake, work := make(chan struct{}, 1), func(*ring) (bool, error) { return false, nil } // there are no events
	switch index {
	case receiveQueue:
		wake, work = s.guest.wake, s.guest.receive
	case transmitQueue:
		work = s.guest.transmit
	}
	q.worker = startWorker(q.ring, q.kick, q.call, wake, work, s.fail)
	return nil
}

// stop ends the work on a queue.
func (q *queue) stop() {
	if q.worker == nil {
		return
	}
	q.worker.stop()
	q.base, q.worker, q.kick, q.call = uint32(q.ring.next), nil, nil, nil
}

func (q *queue) closeFiles() {
	for _, file := range []*os.File{q.kick, q.call} {
		if file != nil {
			_ = file.Close()
		}
	}
}
