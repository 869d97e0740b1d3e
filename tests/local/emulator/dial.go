package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Dial connects to a port of the enclave. The way there is a protocol of one line on
// the device's socket: "CONNECT <port>", answered by "OK <host's port>". Where nobody
// listens the connection just ends.
//
// A half close of the host's (CloseWrite) is a full one to the enclave: what it still
// had to send is lost. This is vhost-device-vsock's doing, as of 0.3.0; vsock has half
// closes.
func (e *Enclave) Dial(ctx context.Context, port uint32) (net.Conn, error) {
	return dialHybrid(ctx, e.path("v"), port)
}

func dialHybrid(ctx context.Context, path string, port uint32) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("dialing the enclave's port %d: %w", port, err)
	}
	// The handshake ends with the context; what comes after it is the caller's.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = shakeHands(conn, port)
	if !stop() {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("dialing the enclave's port %d: %w", port, err)
	}
	return conn, nil
}

// maxAnswer is more than "OK 4294967295" and its line end.
const maxAnswer = 32

// shakeHands reads byte by byte: what follows the line belongs to the connection.
func shakeHands(conn net.Conn, port uint32) error {
	if _, err := fmt.Fprintf(conn, "CONNECT %d\n", port); err != nil {
		return err
	}
	var answer []byte
	one := make([]byte, 1)
	for len(answer) < maxAnswer {
		if _, err := conn.Read(one); errors.Is(err, io.EOF) {
			return errors.New("nobody listens there")
		} else if err != nil {
			return err
		}
		if one[0] == '\n' {
			break
		}
		answer = append(answer, one[0])
	}
	if !strings.HasPrefix(string(answer), "OK ") {
		return fmt.Errorf("the device answers %q, not OK", answer)
	}
	return nil
}
