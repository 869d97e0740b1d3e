package inside

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mdlayher/vsock"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/machines"
)

const (
	enclaveCID = 4
	token      = "0123456789abcdef0123456789abcdef"
	tokenFile  = "/var/run/secrets/token"
)

// enclave is one that was started, as its parent sees it.
type enclave struct {
	link     *transport.VSock
	client   *control.Client
	machines *machines.Client
}

// newEnclave is the parent's view alone.
func newEnclave(t *testing.T, token string) *enclave {
	t.Helper()
	e := &enclave{link: &transport.VSock{Peer: enclaveCID, Logger: slog.Default()}, machines: machines.NewClient()}
	e.client = control.NewClient(func(ctx context.Context) (net.Conn, error) { return e.link.Dial(ctx, contract.PortControl) }, token)
	t.Cleanup(e.client.Close)
	return e
}

// startEnclave starts an enclave and waits for its sign of life, in the way of
// nitro-cli.
func startEnclave(ctx context.Context, t *testing.T) *enclave {
	t.Helper()
	e := newEnclave(t, token)
	listener, err := e.link.Listen(ctx, contract.PortHeartbeat)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	began := time.Now()
	if err := e.machines.Start(ctx, enclaveCID, "enclave"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.end(context.WithoutCancel(ctx), t) })
	e.heartbeat(ctx, t, listener)
	t.Logf("the enclave's heartbeat comes after %.2f s", time.Since(began).Seconds())
	return e
}

func (e *enclave) heartbeat(ctx context.Context, t *testing.T, listener net.Listener) {
	t.Helper()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if from, ok := conn.RemoteAddr().(*vsock.Addr); !ok || from.ContextID != enclaveCID {
		t.Errorf("the heartbeat comes from %v", conn.RemoteAddr())
	}
	one := make([]byte, 1)
	if _, err := io.ReadFull(conn, one); err != nil || one[0] != contract.HeartbeatByte {
		t.Fatalf("the heartbeat is %#x, %v", one, err)
	}
	if _, err := conn.Write(one); err != nil {
		t.Error(err)
	}
}

// end kills the enclave, and shows its console when something went wrong.
func (e *enclave) end(ctx context.Context, t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if state, err := e.machines.State(ctx, enclaveCID); t.Failed() {
		t.Logf("the enclave's console (%v):\n%s", err, state.Console)
	}
	if err := e.machines.Kill(ctx, enclaveCID); err != nil {
		t.Error(err)
	}
}

// wantEnd waits for the enclave to end by itself, as it should.
func (e *enclave) wantEnd(ctx context.Context, t *testing.T) {
	t.Helper()
	began := time.Now()
	state, err := e.machines.Wait(ctx, enclaveCID)
	if err != nil || state.Error != "" || !strings.Contains(state.Console, "reboot: Restarting system") {
		t.Errorf("the enclave has not ended well: %v, %s\n%s", err, state.Error, state.Console)
	}
	t.Logf("the enclave is gone after another %.2f s", time.Since(began).Seconds())
}

func (e *enclave) bootstrap(ports map[string]uint32) control.Bootstrap {
	b := control.Bootstrap{
		Time: time.Now(), Environment: map[string]string{"GREETING": "parent"},
		Files: []control.File{{Path: tokenFile, Content: []byte("first")}},
	}
	for _, known := range endpoints {
		b.Egress = append(b.Egress, control.Egress{Host: known.Host, Port: known.Port, ParentPort: ports[known.String()]})
	}
	return b
}

// await polls until the guest has the state.
func (e *enclave) await(ctx context.Context, t *testing.T, want control.State) control.Status {
	t.Helper()
	var last control.Status
	eventually(ctx, t, "the state "+string(want), func() bool {
		call, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		status, err := e.client.Status(call)
		last = status
		return err == nil && status.State == want
	})
	return last
}

// wantExit waits for the payload's end.
func (e *enclave) wantExit(ctx context.Context, t *testing.T, code int) {
	t.Helper()
	status := e.await(ctx, t, control.StateExited)
	if status.Payload == nil || status.Payload.ExitCode == nil || *status.Payload.ExitCode != code {
		t.Errorf("after its end the payload is %+v, want exit code %d", status.Payload, code)
	}
}
