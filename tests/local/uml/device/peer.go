package device

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// peer is the driver's end: a unix socket that takes descriptors along.
type peer struct {
	conn *net.UnixConn
	// oob has room for one descriptor too many, by which too many show.
	oob   []byte
	files []int
	// excess is why the files are not to be taken. It is no error of Read: io.ReadFull
	// drops one that comes with the last of its bytes.
	excess error
}

func newPeer(conn *net.UnixConn) *peer {
	return &peer{conn: conn, oob: make([]byte, unix.CmsgSpace(4*(maxFiles+1)))}
}

// receive reads the next message with its files.
func (p *peer) receive() (message, error) {
	m, err := decode(p)
	if err == nil {
		err = p.excess
	}
	if m.files, p.files = p.files, nil; err != nil {
		closeFiles(m.files)
		return message{}, err
	}
	return m, nil
}

// Read reads bytes, and notes the descriptors that come with them.
func (p *peer) Read(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, nil
	}
	n, oob, flags, _, err := p.conn.ReadMsgUnix(data, p.oob)
	if err != nil {
		return n, err
	}
	files, err := descriptors(p.oob[:oob])
	p.files = append(p.files, files...)
	if flags&unix.MSG_CTRUNC != 0 || len(p.files) > maxFiles {
		err = fmt.Errorf("more than %d descriptors came with one message", maxFiles)
	}
	p.excess = errors.Join(p.excess, err)
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// descriptors are those in control messages.
func descriptors(oob []byte) ([]int, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var files []int
	for _, m := range messages {
		some, err := unix.ParseUnixRights(&m)
		if err != nil {
			return files, err
		}
		files = append(files, some...)
	}
	return files, nil
}

// send writes a message, which has no files.
func (p *peer) send(m message) error {
	_, err := p.conn.Write(m.encode())
	return err
}

func closeFiles(files []int) {
	for _, fd := range files {
		_ = unix.Close(fd)
	}
}

// ended tells the end of a peer from trouble with it: a guest that is killed resets.
func ended(err error) bool {
	for _, end := range []error{io.EOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
