package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// socketMode lets the owner connect, and nobody else.
const socketMode = 0o600

// probeTimeout is how long a socket that is there may take to answer.
const probeTimeout = 2 * time.Second

// Listen makes the socket. One that a supervisor left behind when it was killed is
// replaced; one that somebody listens on is an error. The listener gives connections of
// the process's own user alone, and removes the socket when it is closed.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("making the supervisor's socket: %w", err)
	}
	// Between the two lines others could connect, and would be sent away by their uid.
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("making the supervisor's socket private: %w", err), l.Close())
	}
	return &ownListener{Listener: l, uid: os.Geteuid()}, nil
}

// removeStale removes a socket that nobody listens on, and nothing else.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking for an old socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there and not a socket; remove it", path)
	}
	dialer := net.Dialer{Timeout: probeTimeout}
	c, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		_ = c.Close()
		return fmt.Errorf("another supervisor listens on %s; there can be one in a pod", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("looking for another supervisor: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing an old socket: %w", err)
	}
	return nil
}

// ownListener accepts connections of one user.
type ownListener struct {
	net.Listener
	uid int
}

// Accept closes the connections of others, who then see no more than an end.
func (l *ownListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if uid, err := peerUID(c); err == nil && uid == l.uid {
			return c, nil
		}
		_ = c.Close()
	}
}
