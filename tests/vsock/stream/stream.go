// Package stream is a protocol of plain streams for the tests of vsock, spoken by the
// payload in the enclave and by an endpoint beside the parent. Its first byte says what
// the client wants.
package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"sync"
)

// What a client wants.
const (
	// Digest answers what was sent, once the client has ended its direction.
	Digest = 'd'
	// Leave has the server end its direction first, with Farewell, and count what comes
	// after it.
	Leave = 'l'
	// Fountain is a stream of zeros to the client without an end.
	Fountain = 'f'
	// Sink takes what the client sends.
	Sink = 's'
)

// Farewell is the last that a server which leaves has to say.
const Farewell = "farewell"

// Conn ends its directions one by one.
type Conn interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// Count is what a server knows of its streams.
type Count struct {
	// Open is how many there are.
	Open int `json:"open"`
	// Taken counts the bytes of sinks, Given those that were written without an end.
	Taken int64 `json:"taken"`
	Given int64 `json:"given"`
	// AfterLeave counts the bytes that came after the server had left.
	AfterLeave int64 `json:"afterLeave"`
	// Ends says how the streams without an end have ended.
	Ends []string `json:"ends"`
}

// Server serves streams. The zero value is ready.
type Server struct {
	mu    sync.Mutex
	count Count
}

// Count returns what is known now.
func (s *Server) Count() Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.count
	c.Ends = append([]string{}, c.Ends...)
	return c
}

func (s *Server) note(change func(*Count)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.count)
}

// Serve answers until the listener is closed.
func (s *Server) Serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go s.answer(conn.(Conn))
	}
}

func (s *Server) answer(conn Conn) {
	s.note(func(c *Count) { c.Open++ })
	defer s.note(func(c *Count) { c.Open-- })
	defer func() { _ = conn.Close() }()
	want := make([]byte, 1)
	if _, err := io.ReadFull(conn, want); err != nil {
		return
	}
	switch want[0] {
	case Digest:
		sum := sha256.New()
		if n, err := io.Copy(sum, conn); err == nil {
			_, _ = io.WriteString(conn, summary(n, sum.Sum(nil)))
		}
	case Leave:
		_, _ = io.WriteString(conn, Farewell)
		_ = conn.CloseWrite()
		n, _ := io.Copy(io.Discard, conn)
		s.note(func(c *Count) { c.AfterLeave += n })
	case Fountain:
		s.pour(conn)
	case Sink:
		s.take(conn)
	}
}

// Pour asks for one thing and writes zeros until it cannot.
func (s *Server) Pour(conn net.Conn, want byte) {
	s.note(func(c *Count) { c.Open++ })
	defer s.note(func(c *Count) { c.Open-- })
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte{want}); err == nil {
		s.pour(conn)
	}
}

func (s *Server) pour(to io.Writer) {
	chunk := make([]byte, 32<<10)
	for {
		n, err := to.Write(chunk)
		s.note(func(c *Count) { c.Given += int64(n) })
		if err != nil {
			s.note(func(c *Count) { c.Ends = append(c.Ends, "given: "+err.Error()) })
			return
		}
	}
}

func (s *Server) take(from io.Reader) {
	chunk := make([]byte, 32<<10)
	for {
		n, err := from.Read(chunk)
		s.note(func(c *Count) { c.Taken += int64(n) })
		if err != nil {
			s.note(func(c *Count) { c.Ends = append(c.Ends, "taken: "+err.Error()) })
			return
		}
	}
}

// Exchange sends size bytes to a server that makes their digest, and fails unless the
// answer is right. It returns the answer.
func Exchange(conn Conn, size int) (string, error) {
	data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
	if _, err := conn.Write(append([]byte{Digest}, data...)); err != nil {
		return "", err
	}
	if err := conn.CloseWrite(); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	if want := summary(int64(size), sum[:]); string(answer) != want {
		return "", fmt.Errorf("the answer is %q, not %q", answer, want)
	}
	return string(answer), nil
}

func summary(n int64, sum []byte) string {
	return fmt.Sprintf("%d bytes, %s", n, hex.EncodeToString(sum[:8]))
}
