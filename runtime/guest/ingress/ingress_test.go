package ingress

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   2: 0101647F:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   3: 0100007F:24E3 0100007F:A000 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   4: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1
   5: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1
   6: broken
   7: 0100007F:XYZ 0 0A
`

// TestTable: listeners that 127.0.0.1 reaches, and neither connections nor those of
// the guest's own egress.
func TestTable(t *testing.T) {
	got := map[uint16]bool{}
	addListening(got, table)
	if diff := cmp.Diff(map[uint16]bool{9000: true, 3000: true, 80: true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestListeningSeesThisProcess(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0"} {
		l, err := net.Listen("tcp4", strings.Replace(address, "0.0.0.0", "127.0.0.1", 1))
		if err != nil {
			t.Fatal(err)
		}
		port := uint16(l.Addr().(*net.TCPAddr).Port)
		if ports, err := Listening(); err != nil || !ports[port] {
			t.Errorf("port %d is not in %v: %v", port, ports, err)
		}
		_ = l.Close()
		if ports, err := Listening(); err != nil || ports[port] {
			t.Errorf("port %d is still there: %v", port, err)
		}
	}
}

// TestForward: nothing before the payload listens, then its bytes, and a port that it
// has itself is left alone.
func TestForward(t *testing.T) {
	payload, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = payload.Close() }()
	go echo(payload)
	port := uint16(payload.Addr().(*net.TCPAddr).Port)

	var mu sync.Mutex
	ready := map[uint16]bool{}
	opened, asked := make(chan string, 1), make(chan uint32, 10)
	f := &Forwarder{
		Ports: []uint16{1, 2, port}, Log: slog.New(slog.DiscardHandler),
		Listening: func() (map[uint16]bool, error) {
			mu.Lock()
			defer mu.Unlock()
			return map[uint16]bool{2: ready[2], port: ready[port]}, nil
		},
		Listen: func(ctx context.Context, p uint32) (net.Listener, error) {
			asked <- p
			if p == 2 {
				return nil, &net.OpError{Op: "listen", Err: syscall.EADDRINUSE}
			}
			var lc net.ListenConfig
			l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
			if err == nil {
				opened <- l.Addr().String()
			}
			return l, err
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	select {
	case p := <-asked:
		t.Errorf("port %d was opened before the payload listens", p)
	case <-time.After(3 * quick):
	}
	mu.Lock()
	ready[2], ready[port] = true, true
	mu.Unlock()
	conn, err := net.Dial("tcp4", <-opened)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || string(got) != "hello" {
		t.Errorf("%q %v", got, err)
	}
	_ = conn.Close()
	cancel()
	running.Wait()
	if n := len(asked); n != 2 {
		t.Errorf("%d ports were opened, want each of two once", n)
	}
}

func echo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(conn, conn)
		_ = conn.Close()
	}
}
