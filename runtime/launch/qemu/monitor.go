//go:build linux

package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// socketPair makes two connected sockets: one for this process, one to hand on.
func socketPair() (ours net.Conn, theirs *os.File, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "monitor")
	file := os.NewFile(uintptr(fds[0]), "monitor")
	defer func() { _ = file.Close() }()
	if ours, err = net.FileConn(file); err != nil {
		_ = theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// answer is a line of QEMU's monitor (docs/interop/qmp-spec.rst there): the greeting, an
// event, or what a command returns.
type answer struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Desc string `json:"desc"`
	} `json:"error"`
}

// awaitRunning asks the monitor for the machine's state. Commands are answered by QEMU's
// main loop, which begins when image and devices are in order: the answer is the sign of
// that, and not the greeting, which comes from a thread of its own.
func awaitRunning(ctx context.Context, conn net.Conn) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	lines := json.NewDecoder(conn)
	var state struct {
		Status  string `json:"status"`
		Running bool   `json:"running"`
	}
	for _, command := range []string{"qmp_capabilities", "query-status"} {
		if _, err := fmt.Fprintf(conn, "{\"execute\":%q}\n", command); err != nil {
			return err
		}
		result, err := nextResult(lines)
		if err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
		if err := json.Unmarshal(result, &state); err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
	}
	// A guest that has come to its end by now is none that failed to start.
	if !state.Running && state.Status != "shutdown" {
		return fmt.Errorf("the machine is %q, not running", state.Status)
	}
	return nil
}

// nextResult skips greeting and events.
func nextResult(lines *json.Decoder) (json.RawMessage, error) {
	for {
		var a answer
		if err := lines.Decode(&a); err != nil {
			return nil, err
		}
		if a.Error != nil {
			return nil, errors.New(a.Error.Desc)
		}
		if a.Return != nil {
			return a.Return, nil
		}
	}
}
