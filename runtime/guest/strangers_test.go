//go:build linux

package guest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// crowd opens so many connections, each of which has said something and then nothing.
func (f *fixture) crowd(t *testing.T, n int, says string) {
	t.Helper()
	for range n {
		conn, err := net.Dial("tcp4", f.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = conn.Write([]byte(says))
	}
}

// TestStrangersKeepNobodyOut: a thousand connections that are idle, or in the middle of a
// call, are there before the supervisor comes and while it is there.
func TestStrangersKeepNobodyOut(t *testing.T) {
	for name, says := range map[string]string{
		"idle":              "",
		"half a header":     "GET /v1/status HTTP/1.1\r\nHost: ",
		"half a bootstrap":  "POST /v1/bootstrap HTTP/1.1\r\nHost: e\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n{",
		"answered, no more": "GET /v1/status HTTP/1.1\r\nHost: e\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := newGuest(t, "ignore")
			f.crowd(t, 1000, says)
			f.bootstrap(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			first, ended := make(chan struct{}), make(chan error, 1)
			go func() {
				seen := false
				ended <- f.client.Logs(ctx, func(control.Line) {
					if !seen {
						close(first)
					}
					seen = true
				})
			}()
			<-first
			f.crowd(t, 1000, says)
			for range 3 {
				status, err := f.client.Status(t.Context())
				if err != nil || status.State != control.StateRunning || status.Payload == nil {
					t.Errorf("status %+v: %v", status, err)
				}
				f.client.Close() // the next call takes a new connection
			}
			select {
			case err := <-ended:
				t.Errorf("the log stream, older than a thousand strangers, has ended: %v", err)
			default:
			}
			cancel()
			<-ended
		})
	}
}

// TestStrangersAreCut: a connection that has no token has one answer, and one that says
// nothing has none.
func TestStrangersAreCut(t *testing.T) {
	f := newGuest(t, "ignore")
	f.bootstrap(t)
	body := strings.Repeat("x", 1<<20)
	for name, says := range map[string]string{
		"silent":             "",
		"status":             "GET /v1/status HTTP/1.1\r\nHost: e\r\n\r\n",
		"wrong token":        "POST /v1/stop HTTP/1.1\r\nHost: e\r\nAuthorization: Bearer x\r\nContent-Length: 2\r\n\r\n{}",
		"a second bootstrap": fmt.Sprintf("POST /v1/bootstrap HTTP/1.1\r\nHost: e\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp4", f.address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := conn.Write([]byte(says)); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(deadline))
			var answer []byte
			for b := make([]byte, 4096); err == nil; {
				var n int
				n, err = conn.Read(b)
				answer = append(answer, b[:n]...)
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection stays, after %q", answer)
			}
			if got := strings.HasPrefix(string(answer), "HTTP/1.1 "); got != (says != "") {
				t.Errorf("answered %q", answer)
			}
		})
	}
}
