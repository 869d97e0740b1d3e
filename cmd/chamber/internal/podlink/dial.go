package podlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// Dial connects to a port of a pod. What listens on the pod's loopback alone is reached
// too: the connection is made in the pod. Whether anybody listens shows at the first Read.
func (l *Link) Dial(ctx context.Context, pod *corev1.Pod, port int) (net.Conn, error) {
	dialer, err := l.dialer(pod)
	if err != nil {
		return nil, err
	}
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() { // client-go's dialers know no context
		c, err := open(dialer, port)
		done <- result{c, err}
	}()
	select {
	case r := <-done:
		return r.conn, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				_ = r.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

func (l *Link) dialer(pod *corev1.Pod) (httpstream.Dialer, error) {
	url := l.url(pod, "portforward", nil)
	newer, err := portforward.NewSPDYOverWebsocketDialerForStreaming(url, l.config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(l.config)
	if err != nil {
		return nil, err
	}
	old := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	return portforward.NewFallbackDialerForStreaming(newer, old, older), nil
}

// open makes the two streams of a forwarded connection: the bytes, and what the other
// side has to say when it cannot forward them.
func open(dialer httpstream.Dialer, port int) (net.Conn, error) {
	connection, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, fmt.Errorf("forwarding a port: %w", err)
	}
	header := http.Header{}
	header.Set(corev1.PortHeader, strconv.Itoa(port))
	header.Set(corev1.PortForwardRequestIDHeader, "0")
	header.Set(corev1.StreamType, corev1.StreamTypeError)
	complaints, err := connection.CreateStream(header)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("forwarding a port: %w", err), connection.Close())
	}
	_ = complaints.Close() // nothing is written to it
	header.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(header)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("forwarding a port: %w", err), connection.Close())
	}
	c := &conn{Stream: data, connection: connection, port: port, complained: make(chan struct{})}
	go c.listen(complaints)
	return c, nil
}

// conn is a forwarded connection. It has no deadlines: who uses it closes it.
type conn struct {
	httpstream.Stream
	connection httpstream.Connection
	port       int
	complaint  string
	complained chan struct{} // closed when complaint is complete
}

func (c *conn) listen(complaints io.Reader) {
	defer close(c.complained)
	text, _ := io.ReadAll(io.LimitReader(complaints, MaxComplaint))
	c.complaint = string(text)
}

// patience is how long an end without a word is given to be explained.
const patience = 2 * time.Second

// Read prefers what the other side says of an end to the end itself.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	if err == nil {
		return n, nil
	}
	select {
	case <-c.complained:
	case <-time.After(patience):
		return n, err
	}
	if c.complaint != "" {
		return n, errors.New(c.complaint)
	}
	return n, err
}

// Close ends the connection to the API server too.
func (c *conn) Close() error { return c.connection.Close() }

// address is a name for messages.
type address string

// Network is the forwarded connection's.
func (address) Network() string { return "tcp" }

// String is the name.
func (a address) String() string { return string(a) }

// LocalAddr is that of nobody.
func (c *conn) LocalAddr() net.Addr { return address("client") }

// RemoteAddr is the port in the pod.
func (c *conn) RemoteAddr() net.Addr { return address("pod:" + strconv.Itoa(c.port)) }

// SetDeadline does nothing.
func (c *conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
