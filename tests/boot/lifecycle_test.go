package boot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
)

// TestKilled: an enclave that loses one of its two programs has ended, says why, and
// takes the connections of its parent and the other program with it.
func TestKilled(t *testing.T) {
	m := newMachine(t)
	im := m.enclaveImage(t)
	for name, tt := range map[string]struct {
		program string
		want    []string
	}{
		"QEMU":         {m.programs.QEMU, []string{"signal: killed", "the console's last lines", contract.GuestWaiting}},
		"vsock device": {m.programs.Vsock, []string{"lost its vsock device", "signal: killed"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := m.startGuest(t, im)
			id := r.Info().ID
			if n := len(programsOf(t, id)); n != 2 {
				t.Fatalf("%d programs run for the enclave", n)
			}
			logs := make(chan error, 1)
			if err := r.client.Bootstrap(r.ctx, bootstrap()); err != nil {
				t.Fatal(err)
			}
			go func() { logs <- r.client.Logs(context.Background(), func(control.Line) {}) }()
			for pid, path := range programsOf(t, id) {
				if path == tt.program {
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
			}
			err := r.wait(r.ctx)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
			select {
			case <-logs:
			case <-r.ctx.Done():
				t.Error("the log stream is still open")
			}
			if left := programsOf(t, id); len(left) != 0 {
				t.Errorf("still running: %v", left)
			}
			if err := r.Booted(r.ctx); err != nil {
				t.Errorf("it had booted: %v", err)
			}
		})
	}
}

// programsOf finds the programs that have the enclave's folder among their arguments.
func programsOf(t *testing.T, id string) map[int]string {
	t.Helper()
	folder := id[strings.LastIndexByte(id, '-')+1:]
	found := map[int]string{}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lines {
		// Processes come and go meanwhile.
		data, _ := os.ReadFile(path)
		if args := bytes.Split(data, []byte{0}); bytes.Contains(data, []byte(folder)) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				found[pid] = string(args[0])
			}
		}
	}
	return found
}

// TestTwoAtOnce: of the same image and the same launcher, one in debug mode.
func TestTwoAtOnce(t *testing.T) {
	m := newMachine(t)
	im := m.enclaveImage(t)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	l := m.launcher()
	type launched struct {
		launch.Enclave
		err error
	}
	all := make(chan launched, 2)
	for _, debug := range []bool{true, false} {
		go func() {
			r := request(im.path)
			r.MemoryMiB, r.Debug = 256, debug
			enclave, err := l.Launch(ctx, r)
			if err == nil {
				err = enclave.Booted(ctx)
			}
			all <- launched{enclave, err}
		}()
	}
	enclaves := map[bool]launched{}
	for range 2 {
		one := <-all
		if one.Enclave != nil {
			t.Cleanup(func() { terminate(ctx, t, one) })
		}
		if one.err != nil {
			t.Fatal(one.err)
		}
		enclaves[one.Info().Debug] = one
	}
	if a, b := enclaves[true].Info(), enclaves[false].Info(); a.ID == b.ID || a.CID != qemu.CID || b.CID != qemu.CID || a.MemoryMiB != 256 {
		t.Errorf("%+v and %+v", a, b)
	}
	if _, err := enclaves[false].Console(ctx); !errors.Is(err, launch.ErrNoConsole) {
		t.Errorf("the console of an enclave that is not in debug mode: %v", err)
	}
	terminate(ctx, t, enclaves[true])
	console, err := enclaves[true].Console(ctx) // after the end there is still what was kept
	if err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 4096)
	if n, err := console.Read(text); err != nil || !strings.Contains(string(text[:n]), "Linux version ") {
		t.Errorf("the console has %q, %v", text[:n], err)
	}
	// The other one does not mind.
	other := &guestRun{started: &started{Enclave: enclaves[false]}, ctx: ctx}
	other.client = other.clientWith(t, token)
	other.await(t, control.StateWaiting)
	if err := errors.Join(enclaves[true].Err(), enclaves[false].Err()); err != nil {
		t.Error(err)
	}
}

// TestEndsBeforeBooted: an image whose init is another, and restarts the machine.
func TestEndsBeforeBooted(t *testing.T) {
	m := newMachine(t)
	im := m.build(t, "one")
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	s, err := start(ctx, t, m.launcher(), request(im.path))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := s.Link().Listen(ctx, report.Port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	reports := make(chan report.Report, 1)
	go collect(listener, reports)
	go func() {
		<-reports
		_ = hangUp(ctx, s.Link())
	}()
	if err := s.Booted(ctx); err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "without a sign of life") {
		t.Errorf("Booted: %v", err)
	}
	if err := s.wait(ctx); err != nil {
		t.Errorf("an end of its own accord: %v", err)
	}
}
