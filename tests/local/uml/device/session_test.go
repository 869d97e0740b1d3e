package device

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRefused: each of these messages ends the session of a driver that is set up, and
// nothing else.
func TestRefused(t *testing.T) {
	for want, spoil := range map[string]func(d *driver){
		"message 99: is not known here":           func(d *driver) { d.say(99, 0, false, nil) },
		"message 5: comes a second time":          func(d *driver) { d.say(setMemoryTable, 0, false, words(0, 0)) },
		"message 8: there is no queue 3":          func(d *driver) { d.say(setRingSize, 0, false, words(3, 8)) },
		"message 8: is too short":                 func(d *driver) { d.say(setRingSize, 0, false, words(1)) },
		"message 9: is too short":                 func(d *driver) { d.say(setRingAddresses, 0, false, words(1)) },
		"message 12: comes with 8 bytes and 0":    func(d *driver) { d.say(setRingKick, 0, false, longs(1)) },
		"message 12: comes while the queue":       func(d *driver) { d.say(setRingKick, 0, false, longs(1), int(os.Stdin.Fd())) },
		"message 24: asks for 9 bytes from 0 on":  func(d *driver) { d.say(getConfig, 0, false, words(0, 9, 0)) },
		"message 18: a ring of 7 entries":         func(d *driver) { d.restart(words(0, 7)) },
		"message 18: a ring of 0 entries":         func(d *driver) { d.restart(words(0, 0)) },
		"message 18: 524288 bytes at 0x":          func(d *driver) { d.restart(words(0, 1<<15), userBase+memorySize-1<<15) },
		"4100 bytes at 0x80001000 are not in":     func(d *driver) { d.offer(transmitQueue, 0x8000_0000, 4100, 0) },
		"a packet has 10 bytes, less than":        func(d *driver) { d.offer(transmitQueue, buffersAt, 10, 0) },
		"a chain of descriptors without an end":   func(d *driver) { d.offer(transmitQueue, buffersAt, 10, hasNext) },
		"more than 8 descriptors came with one":   func(d *driver) { d.say(setOwner, 0, false, nil, bytesOf(0, 9)...) },
		"message 0 is of version 0 of vhost-user": func(d *driver) { _, _ = d.conn.Write(make([]byte, headerSize)) },
	} {
		t.Run(want, func(t *testing.T) {
			s := &Switch{}
			d := serve(t, s, 3)
			d.setUp(3)
			before := openDescriptors(t)
			spoil(d)
			wantTrouble(t, s, want)
			if _, err := d.conn.Read(make([]byte, 1)); err == nil {
				t.Error("the session goes on")
			}
			if after := openDescriptors(t); after > before {
				t.Errorf("%d descriptors are open, before it were %d", after, before)
			}
		})
	}
}

// restart starts a queue anew, with another size and begin.
func (d *driver) restart(size []byte, at ...uint64) {
	d.say(getRingBase, 0, true, words(0, 0))
	d.say(setRingSize, needReply, true, size)
	if len(at) > 0 {
		d.say(setRingAddresses, needReply, true, append(words(0, 0), longs(at[0], userBase+usedAt, userBase+availAt, 0)...))
	}
	for _, r := range []request{setRingKick, setRingCall} {
		pair := d.pair()
		d.say(r, needReply, true, longs(0), descriptor(pair[1]))
	}
	d.say(setRingEnable, 0, false, words(0, 1))
}

func bytesOf(value, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = value
	}
	return list
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestMemoryTable: memory that is not there is not mapped.
func TestMemoryTable(t *testing.T) {
	fd, err := unix.MemfdCreate("guest", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Ftruncate(fd, 1<<16); err != nil {
		t.Fatal(err)
	}
	for name, table := range map[string][]byte{
		"no head":          words(1),
		"no region":        words(1, 0),
		"too many regions": append(words(9, 0), make([]byte, 9*tableRegion)...),
		"no file":          append(words(2, 0), bytes.Repeat(longs(0, 1<<12, 0, 0), 2)...),
		"empty":            append(words(1, 0), longs(0, 0, 0, 0)...),
		"behind the file":  append(words(1, 0), longs(0, 1<<16, 0, 1)...),
		"overflow":         append(words(1, 0), longs(0, 1<<63, 0, 1<<63)...),
	} {
		if m, err := mapMemory(table, []int{fd}); err == nil {
			t.Errorf("%s: mapped %d regions", name, len(m))
		}
	}
	m, err := mapMemory(append(words(1, 0), longs(0x1000, 1<<15, 0x9000, 1<<15)...), []int{fd})
	if err != nil {
		t.Fatal(err)
	}
	defer m.unmap()
	m[0].mapping[1<<15+5] = 42
	for _, c := range []struct {
		address, size uint64
		ok            bool
	}{
		{0x1005, 1, true}, {0x1000, 1 << 15, true}, {0x1000 + 1<<15, 0, true}, {0x1000, 1<<15 + 1, false}, {0xFFF, 1, false},
		{0x1005, 1<<64 - 1, false}, {1<<64 - 1, 2, false}, {0x1000 + 1<<15, 1, false},
	} {
		got, err := m.at(c.address, c.size)
		if (err == nil) != c.ok || c.ok && len(got) != int(c.size) {
			t.Errorf("%d bytes at %#x: %d, %v", c.size, c.address, len(got), err)
		}
	}
	if b, err := m.atUser(0x9005, 1); err != nil || b[0] != 42 {
		t.Errorf("at an address of the driver's: %v, %v", b, err)
	}
}
