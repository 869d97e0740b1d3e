package inside

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/stream"
)

// TestLife goes through an enclave's life, with strangers about.
func TestLife(t *testing.T) {
	ctx := limited(t)
	e := startEnclave(ctx, t)
	p := newParent(ctx, t, e)
	if err := e.machines.Start(ctx, strangerCID, "stranger", egressVariable+"="+strconv.Itoa(int(p.listeners[0].Port()))); err != nil {
		t.Fatal(err)
	}
	life := life{e, p, &lines{}}
	t.Run("waiting", func(t *testing.T) { life.waiting(ctx, t) })
	t.Run("bootstrap", func(t *testing.T) { life.bootstrap(ctx, t) })
	if t.Failed() {
		return
	}
	logs, stopLogs := context.WithCancel(ctx)
	defer stopLogs()
	read := make(chan error, 1)
	go func() { read <- e.client.Logs(logs, life.lines.take) }()
	t.Run("ingress", func(t *testing.T) { life.ingress(ctx, t) })
	slow := make(chan error, 1)
	go func() { slow <- life.slowClient(ctx) }()
	t.Run("egress", func(t *testing.T) { life.egress(ctx, t) })
	t.Run("files", func(t *testing.T) { life.files(ctx, t) })
	t.Run("half closes", func(t *testing.T) { life.halfCloses(ctx, t) })
	t.Run("closed port", func(t *testing.T) { life.closedPort(ctx, t) })
	t.Run("strangers", func(t *testing.T) { life.strangers(ctx, t) })
	t.Run("flood", func(t *testing.T) { life.flood(ctx, t) })
	t.Run("one byte a second", func(t *testing.T) {
		if err := <-slow; err != nil {
			t.Error(err)
		}
	})
	t.Run("stop", func(t *testing.T) { life.stop(ctx, t) })
	if err := <-read; err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the log stream has ended with %v", err)
	}
}

type life struct {
	enclave *enclave
	parent  *parent
	lines   *lines
}

// lines are what the log stream has brought.
type lines struct {
	mu      sync.Mutex
	texts   []string
	dropped uint64
	// gate is locked while nobody reads.
	gate sync.Mutex
}

func (l *lines) take(line control.Line) {
	l.gate.Lock()
	defer l.gate.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts = append(l.texts, line.Stream+" "+line.Text)
	l.dropped += line.Dropped
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.texts, text)
}

func (l *lines) lost() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

func (l life) waiting(ctx context.Context, t *testing.T) {
	status := l.enclave.await(ctx, t, control.StateWaiting)
	if status.Payload != nil || status.Memory != nil {
		t.Errorf("before the bootstrap there is more than the state: %+v", status)
	}
	if err := l.enclave.client.Stop(ctx, 0); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("a stop before the bootstrap: %v", err)
	}
}

func (l life) bootstrap(ctx context.Context, t *testing.T) {
	b := l.enclave.bootstrap(l.parent.ports)
	forbidden := b
	forbidden.Egress = append(slices.Clone(b.Egress), control.Egress{Host: "evil.example.com", Port: 443, ParentPort: 1})
	err := l.enclave.client.Bootstrap(ctx, forbidden)
	if control.ErrorCode(err) != control.CodeForbidden || !strings.Contains(err.Error(), "evil.example.com:443") {
		t.Errorf("a bootstrap beyond the policy: %v", err)
	}
	if err := l.enclave.client.Bootstrap(ctx, b); err != nil {
		t.Fatal(err)
	}
	status := l.enclave.await(ctx, t, control.StateRunning)
	if !status.Debug || status.Payload == nil || status.Memory == nil || status.UptimeSeconds == 0 {
		t.Errorf("after the bootstrap: %+v", status)
	}
}

func (l life) ingress(ctx context.Context, t *testing.T) {
	if got := l.parent.get(ctx, t, "/upcheck"); got != "up" {
		t.Errorf("the payload answers %q", got)
	}
	eventually(ctx, t, "the payload's first line", func() bool { return l.lines.has("stdout hello from the payload") })
}

func (l life) egress(ctx context.Context, t *testing.T) {
	if got := l.parent.get(ctx, t, "/fetch", "url", "http://config.example.com/hello"); got != "you asked config.example.com for /hello" {
		t.Errorf("the endpoint answers %q", got)
	}
	if got, err := l.parent.ask(ctx, "/fetch", "url", "http://evil.example.com/"); err == nil {
		t.Errorf("another host answers %q", got)
	}
}

func (l life) files(ctx context.Context, t *testing.T) {
	if got := l.parent.get(ctx, t, "/file", "path", tokenFile); got != "first" {
		t.Errorf("the file has %q", got)
	}
	if err := l.enclave.client.PutFiles(ctx, []control.File{{Path: tokenFile, Content: []byte("second")}}); err != nil {
		t.Error(err)
	}
	if got := l.parent.get(ctx, t, "/file", "path", tokenFile); got != "second" {
		t.Errorf("after its update the file has %q", got)
	}
	err := l.enclave.client.PutFiles(ctx, []control.File{{Path: "/etc/passwd", Content: []byte("x")}})
	if control.ErrorCode(err) != control.CodeForbidden {
		t.Errorf("a file beyond the policy: %v", err)
	}
}

// halfCloses: whoever ends its direction first, the other one goes on, in both
// directions of dialing. A megabyte is more than all buffers on the way hold.
func (l life) halfCloses(ctx context.Context, t *testing.T) {
	got, err := stream.Exchange(l.parent.dialRaw(ctx, t), 1<<20)
	t.Logf("into the enclave: %q, %v", got, err)
	if err != nil {
		t.Error(err)
	}
	got = l.parent.get(ctx, t, "/exchange", "address", "stream.example.com:81", "size", strconv.Itoa(1<<20))
	if !strings.HasPrefix(got, "1048576 bytes, ") {
		t.Errorf("out of the enclave: %q", got)
	}
	conn := l.parent.dialRaw(ctx, t, stream.Leave)
	if farewell, err := io.ReadAll(conn); string(farewell) != stream.Farewell || err != nil {
		t.Fatalf("the payload leaves with %q, %v", farewell, err)
	}
	if _, err := conn.Write(make([]byte, 1<<20)); err != nil {
		t.Error(err)
	}
	_ = conn.CloseWrite()
	eventually(ctx, t, "what was sent after the farewell", func() bool {
		return strings.Contains(l.parent.get(ctx, t, "/streams"), `"afterLeave":1048576,`)
	})
}

// closedPort: the payload does not listen there.
func (l life) closedPort(ctx context.Context, t *testing.T) {
	conn, err := l.enclave.link.Dial(ctx, contract.PortTLS)
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, transport.ErrPortClosed) {
		t.Errorf("a port without a listener: %v", err)
	}
}

// strangers waits for the guest of TestStranger, and looks at what it has left behind.
func (l life) strangers(ctx context.Context, t *testing.T) {
	state, err := l.enclave.machines.Wait(ctx, strangerCID)
	if err != nil || state.Error != "" || !strings.Contains(state.Console, "--- PASS: TestStranger") {
		t.Errorf("the stranger: %v, %s\n%s", err, state.Error, state.Console)
	}
	status, err := l.enclave.client.Status(ctx)
	if err != nil || status.RefusedBootstraps != 1 || status.State != control.StateRunning {
		t.Errorf("after the stranger: %+v, %v", status, err)
	}
	for i, want := range []uint64{1, 0} {
		if got := l.parent.listeners[i].Strangers(); got != want {
			t.Errorf("%d strangers were counted at %s, want %d", got, endpoints[i], want)
		}
	}
}

// flood: a reader that pauses loses lines, and gets to know how many.
func (l life) flood(ctx context.Context, t *testing.T) {
	l.lines.gate.Lock()
	l.parent.get(ctx, t, "/flood", "lines", "50000")
	status, err := l.enclave.client.Status(ctx)
	l.lines.gate.Unlock()
	if err != nil || status.DroppedLogLines == 0 {
		t.Fatalf("after the flood: %+v, %v", status, err)
	}
	eventually(ctx, t, "the last line", func() bool { return l.lines.has("stdout flood 49999") })
	status, err = l.enclave.client.Status(ctx)
	if got := l.lines.lost(); err != nil || got != status.DroppedLogLines {
		t.Errorf("the stream tells of %d lost lines, the guest of %d, %v", got, status.DroppedLogLines, err)
	}
	t.Logf("%d of 50000 lines were lost", status.DroppedLogLines)
}

// slowClient sends a byte a second, and is served like others.
func (l life) slowClient(ctx context.Context) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", l.parent.raw)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for _, b := range []byte{stream.Digest, 's', 'l', 'o', 'w'} {
		if _, err := conn.Write([]byte{b}); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	if err == nil && !strings.HasPrefix(string(answer), "4 bytes, ") {
		err = errors.New("a slow client gets " + string(answer))
	}
	return err
}

// stop: the payload does not want to, and is killed after the grace.
func (l life) stop(ctx context.Context, t *testing.T) {
	began := time.Now()
	if err := l.enclave.client.Stop(ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	if status := l.enclave.await(ctx, t, control.StateStopping); status.Payload == nil || status.Payload.ExitCode != nil {
		t.Errorf("in its grace the payload is %+v", status.Payload)
	}
	l.enclave.wantExit(ctx, t, 128+9)
	if took := time.Since(began); took < time.Second {
		t.Errorf("the payload was killed after %v, before its grace was over", took)
	}
	l.enclave.wantEnd(ctx, t)
}
