package emulator

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// device answers one connection as vhost-device-vsock does.
func device(t *testing.T, answer string) (path string, request chan string) {
	t.Helper()
	path, request = filepath.Join(t.TempDir(), "v"), make(chan string, 1)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		request <- line
		if answer == "" {
			return // and keep the connection open
		}
		_, _ = io.WriteString(conn, answer)
		_ = conn.Close()
	}()
	return path, request
}

func TestDialLeavesTheDataToTheCaller(t *testing.T) {
	path, request := device(t, "OK 1073741824\nhello")
	conn, err := dialHybrid(t.Context(), path, 5005)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if got := <-request; got != "CONNECT 5005\n" {
		t.Errorf("asked %q", got)
	}
	if data, err := io.ReadAll(conn); err != nil || string(data) != "hello" {
		t.Errorf("read %q, %v", data, err)
	}
}

func TestDialRefused(t *testing.T) {
	for answer, want := range map[string]string{
		"\n":                     `answers ""`,
		"NO\n":                   `answers "NO"`,
		strings.Repeat("x", 100): "answers",
		"OK":                     "nobody listens",
	} {
		path, _ := device(t, answer)
		if _, err := dialHybrid(t.Context(), path, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("answer %q: %v", answer, err)
		}
	}
	if _, err := dialHybrid(t.Context(), filepath.Join(t.TempDir(), "none"), 1); err == nil {
		t.Error("dialed what is not there")
	}
}

func TestDialEndsWithTheContext(t *testing.T) {
	path, request := device(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-request // the handshake has begun
		cancel()
	}()
	if _, err := dialHybrid(ctx, path, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
