package inside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

const (
	strangerCID = 5
	// egressVariable has a port that the parent has opened for its enclave.
	egressVariable = "VSOCK_TEST_EGRESS"
)

// TestStranger is another machine, which reaches the same ports as parent and enclave
// do: on Nitro, another pod of the node or another enclave.
func TestStranger(t *testing.T) {
	ctx := limited(t)
	port, err := strconv.ParseUint(os.Getenv(egressVariable), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	e := newEnclave(t, strings.Repeat("x", 40))
	status := e.await(ctx, t, control.StateRunning)
	if diff := cmp.Diff(control.Status{State: control.StateRunning}, status); diff != "" {
		t.Errorf("a stranger sees more than the state:\n%s", diff)
	}
	if err := e.client.Bootstrap(ctx, control.Bootstrap{Time: time.Now()}); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("a stranger's bootstrap: %v", err)
	}
	for what, call := range map[string]func() error{
		"files": func() error { return e.client.PutFiles(ctx, []control.File{{Path: tokenFile, Content: []byte("x")}}) },
		"stop":  func() error { return e.client.Stop(ctx, 0) },
		"logs":  func() error { return e.client.Logs(ctx, func(control.Line) { t.Error("a stranger reads a line") }) },
		"attestation": func() error {
			_, err := e.client.Attest(ctx, control.Attestation{})
			return err
		},
	} {
		if err := call(); control.ErrorCode(err) != control.CodeUnauthorized {
			t.Errorf("a stranger's call for %s: %v", what, err)
		}
	}
	if err := turnedAway(ctx, e.link, contract.PortAPI); err != nil {
		t.Errorf("the payload's port: %v", err)
	}
	toParent := &transport.VSock{Peer: transport.ParentCID}
	if err := turnedAway(ctx, toParent, uint32(port)); err != nil {
		t.Errorf("the parent's egress port: %v", err)
	}
	if _, err := toParent.Dial(ctx, contract.PortHeartbeat); !errors.Is(err, transport.ErrPortClosed) {
		t.Errorf("the parent's heartbeat port, which is closed by now: %v", err)
	}
}

// turnedAway is nil when a connection ends before a byte of an answer.
func turnedAway(ctx context.Context, link transport.Link, port uint32) error {
	conn, err := link.Dial(ctx, port)
	if errors.Is(err, transport.ErrPortClosed) {
		return nil // closed before the dial has seen it open
	}
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	_, _ = io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if len(answer) > 0 {
		return fmt.Errorf("a stranger is answered: %q", answer)
	}
	if err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}
