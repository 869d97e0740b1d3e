package device

import (
	"context"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// ringSize is the entries of the driver's rings.
	ringSize = 8
	// bufferSize is that of Linux's buffers for what is received.
	bufferSize = headerLen + 4096
	// Where the parts of a ring are, from its begin.
	availAt, usedAt, ringLen = 0x1000, 0x2000, 0x3000
	// buffersAt is where the buffers begin, memorySize the end of the memory.
	buffersAt, memorySize = 0x10000, 0x80000
	// userBase is where the driver has its memory, guestBase where the guest has it.
	userBase, guestBase = 0x7000_0000_0000, 0x1000
)

// driver is a guest's side of the protocol, as virtio_uml has it.
type driver struct {
	t      *testing.T
	conn   *net.UnixConn
	memory []byte
	file   *os.File
	kicks  [queues]*os.File
	calls  [queues]*os.File
	avail  [queues]uint16
	used   [queues]uint16
}

// serve starts a switch for a guest and connects a driver that says nothing yet.
func serve(t *testing.T, s *Switch, cid uint32) *driver {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, listener, cid) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	d := &driver{t: t, conn: conn}
	return d
}

// say sends a message, and returns the answer's body if there is to be one.
func (d *driver) say(r request, flags uint32, answer bool, body []byte, files ...int) []byte {
	d.t.Helper()
	m := message{request: r, flags: version | flags, body: body}
	if _, _, err := d.conn.WriteMsgUnix(m.encode(), unix.UnixRights(files...), nil); err != nil {
		d.t.Fatalf("message %d: %v", r, err)
	}
	if !answer {
		return nil
	}
	got, err := decode(d.conn)
	if err != nil || got.request != r || got.flags != version|isReply {
		d.t.Fatalf("the answer to message %d is %+v, %v", r, got, err)
	}
	return got.body
}

func words(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func longs(values ...uint64) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// setUp goes through what virtio_uml says, up to queues that work.
func (d *driver) setUp(cid uint32) {
	d.t.Helper()
	d.shareMemory()
	if got := binary.LittleEndian.Uint64(d.say(getFeatures, 0, true, nil)); got != version1|protocolFeatures {
		d.t.Errorf("features %#x", got)
	}
	if got := binary.LittleEndian.Uint64(d.say(getProtocolFeatures, 0, true, nil)); got != replyAck|backendChannel|config {
		d.t.Errorf("protocol features %#x", got)
	}
	d.say(setProtocolFeatures, 0, false, longs(replyAck|backendChannel|config))
	d.say(setOwner, needReply, true, nil)
	channel := d.pair()
	d.say(setBackendChannel, needReply, true, nil, int(channel[1].Fd()))
	_ = channel[1].Close()
	got := d.say(getConfig, 0, true, append(words(0, 8, 0), make([]byte, 8)...))
	if len(got) != 20 || binary.LittleEndian.Uint64(got[12:]) != uint64(cid) {
		d.t.Errorf("configuration %x", got)
	}
	// One region, in a message with room for two.
	table := append(append(words(1, 0), longs(guestBase, memorySize, userBase, 0)...), make([]byte, 32)...)
	d.say(setMemoryTable, needReply, true, table, int(d.file.Fd()))
	for i := range uint32(queues) {
		d.setRing(i)
	}
}

func (d *driver) shareMemory() {
	d.t.Helper()
	fd, err := unix.MemfdCreate("guest", unix.MFD_CLOEXEC)
	if err == nil {
		d.file = os.NewFile(uintptr(fd), "guest")
		err = d.file.Truncate(memorySize)
	}
	if err == nil {
		d.memory, err = unix.Mmap(fd, 0, memorySize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _, _ = unix.Munmap(d.memory), d.file.Close() })
}

func (d *driver) pair() [2]*os.File {
	d.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	pair := [2]*os.File{os.NewFile(uintptr(fds[0]), "pair"), os.NewFile(uintptr(fds[1]), "pair")}
	d.t.Cleanup(func() { _, _ = pair[0].Close(), pair[1].Close() })
	return pair
}

func (d *driver) setRing(index uint32) {
	d.t.Helper()
	at := userBase + uint64(index)*ringLen
	d.say(setRingSize, needReply, true, words(index, ringSize))
	d.say(setRingBase, needReply, true, words(index, 0))
	d.say(setRingAddresses, needReply, true, append(words(index, 0), longs(at, at+usedAt, at+availAt, 0)...))
	for i, file := range []*[queues]*os.File{&d.kicks, &d.calls} {
		pair := d.pair()
		file[index] = pair[0]
		d.say([]request{setRingKick, setRingCall}[i], needReply, true, longs(uint64(index)), descriptor(pair[1]))
	}
	d.say(setRingEnable, needReply, true, words(index, 1))
}

// descriptor is the file's, which stays as it is: File.Fd would make it block.
func descriptor(file *os.File) (fd int) {
	raw, err := file.SyscallConn()
	if err == nil {
		_ = raw.Control(func(p uintptr) { fd = int(p) })
	}
	return fd
}

func (d *driver) ring(index int) []byte { return d.memory[index*ringLen:] }

// offer makes a buffer available and kicks.
func (d *driver) offer(index int, at, size int, flags uint16) {
	d.t.Helper()
	ring, le := d.ring(index), binary.LittleEndian
	entry := d.avail[index] % ringSize
	le.PutUint64(ring[descriptorSize*int(entry):], uint64(guestBase+at))
	le.PutUint32(ring[descriptorSize*int(entry)+8:], uint32(size))
	le.PutUint16(ring[descriptorSize*int(entry)+12:], flags)
	le.PutUint16(ring[availAt+4+2*int(entry):], entry)
	d.avail[index]++
	le.PutUint16(ring[availAt+2:], d.avail[index])
	if _, err := d.kicks[index].Write(longs(1)); err != nil {
		d.t.Fatal(err)
	}
}

// await waits for the device to give the next buffer back, and returns how many bytes it
// has written there.
func (d *driver) await(index int) int {
	d.t.Helper()
	ring, le := d.ring(index), binary.LittleEndian
	for le.Uint16(ring[usedAt+2:]) == d.used[index] {
		_ = d.calls[index].SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := d.calls[index].Read(make([]byte, 8)); err != nil {
			d.t.Fatalf("queue %d: %v", index, err)
		}
	}
	entry := int(d.used[index] % ringSize)
	d.used[index]++
	return int(le.Uint32(ring[usedAt+4+usedSize*entry+4:]))
}

// send sends a packet.
func (d *driver) send(p packet) {
	d.t.Helper()
	raw := append(p.header(len(p.data)), p.data...)
	copy(d.memory[buffersAt:], raw)
	d.offer(transmitQueue, buffersAt, len(raw), 0)
	d.await(transmitQueue)
}

// receive gets the next packet, into a buffer of Linux's size.
func (d *driver) receive() packet {
	d.t.Helper()
	const at = memorySize - bufferSize
	d.offer(receiveQueue, at, bufferSize, isWritable)
	n := d.await(receiveQueue)
	p, err := parsePacket([][]byte{d.memory[at : at+n]})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// wantTrouble waits until the switch complains of what is wanted.
func wantTrouble(t *testing.T, s *Switch, want string) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
		for _, err := range s.Trouble() {
			if strings.Contains(err.Error(), want) {
				return
			}
		}
	}
	t.Errorf("no trouble with %q in %v", want, s.Trouble())
}
