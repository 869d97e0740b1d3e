package boot

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
)

const role = "arn:aws:iam::123456789012:role/enclave-node"

var (
	// zero is a register that nothing was measured into.
	zero = strings.Repeat("0", 96)
	// noInstance is PCR4 in place of an instance's.
	noInstance = measured(qemu.DefaultParentID)
)

// TestBoot: what runtime/eif computes is what the security module reports, bit for
// bit, of an unsigned image, a signed one, and one whose application differs.
func TestBoot(t *testing.T) {
	m := newMachine(t)
	first := m.build(t, "one")
	t.Run("unsigned", func(t *testing.T) {
		l := m.launcher()
		l.ParentRole, l.ParentID = role, "i-fedcba9876543210f"
		r := m.once(t, l, request(first.path), echo)
		wantRegisters(t, r, first.measurements, measured(role), measured(l.ParentID))
		wantMachine(t, r)
	})
	t.Run("signed", func(t *testing.T) {
		signed := m.build(t, "one", signedBy(newSigner(t)))
		if signed.measurements.PCR0 != first.measurements.PCR0 {
			t.Error("the signature is measured into PCR0")
		}
		two := request(signed.path)
		two.CPUs = 2
		r := m.once(t, m.launcher(), two, nil)
		wantRegisters(t, r, signed.measurements, zero, noInstance)
		if r.CPUs != 2 {
			t.Errorf("%d CPUs, want 2", r.CPUs)
		}
	})
	t.Run("another application", func(t *testing.T) {
		other := m.build(t, "onf")
		r := m.once(t, m.launcher(), request(other.path), nil)
		wantRegisters(t, r, other.measurements, zero, noInstance)
		if r.Application != "onf" {
			t.Errorf("the application is %q", r.Application)
		}
		a, b := first.measurements, other.measurements
		if a.PCR0 == b.PCR0 || a.PCR1 != b.PCR1 || a.PCR2 == b.PCR2 {
			t.Errorf("PCR0 and PCR2 must differ, PCR1 not:\n%v\n%v", a, b)
		}
	})
	t.Run("as chamber builds it", func(t *testing.T) {
		built := m.buildFromFolder(t, "one", newSigner(t))
		r := m.once(t, m.launcher(), request(built.path), nil)
		wantRegisters(t, r, built.measurements, zero, noInstance)
		if !strings.HasPrefix(r.CommandLine, imagebuild.DefaultCmdline(eif.X8664)+" ") || r.Application != "one" {
			t.Errorf("command line %q, application %q", r.CommandLine, r.Application)
		}
		// What this kernel does not know of AWS's command line goes to init.
		if want := []string{"/init", "nomodules"}; !slices.Equal(r.Args, want) {
			t.Errorf("init's arguments are %q, want %q", r.Args, want)
		}
	})
}

// once boots the image, which must start once, report once and end by itself.
func (m *machine) once(t *testing.T, l launch.Launcher, r launch.Request, talk func(context.Context, transport.Link) error) report.Report {
	t.Helper()
	result := m.boot(t, l, r, talk)
	if result.err != nil || len(result.reports) != 1 || result.starts != 1 {
		t.Fatalf("%d starts, %d reports, want one of each; end: %v\n%s", result.starts, len(result.reports), result.err, result.console)
	}
	one := result.reports[0]
	t.Logf("init after %.2f s; %d of %d KiB free", one.UpSeconds, one.MemFreeKiB, one.MemTotalKiB)
	return one
}

func wantRegisters(t *testing.T, r report.Report, m eif.Measurements, pcr3, pcr4 string) {
	t.Helper()
	pcr8 := zero
	if m.PCR8 != nil {
		pcr8 = m.PCR8.String()
	}
	want := map[int]string{0: m.PCR0.String(), 1: m.PCR1.String(), 2: m.PCR2.String(), 3: pcr3, 4: pcr4, 8: pcr8}
	for index, value := range want {
		got := r.Module.PCRs[index]
		if got.Value != value || !got.Locked {
			t.Errorf("PCR%d is %s (locked: %v), want %s", index, got.Value, got.Locked, value)
		}
	}
}

// wantMachine checks what an init finds with this kernel.
func wantMachine(t *testing.T, r report.Report) {
	t.Helper()
	if r.Module.Digest != "SHA384" || r.Module.MaxPCRs != 32 || r.ContextID != qemu.CID {
		t.Errorf("security module %+v, context %d", r.Module, r.ContextID)
	}
	if !r.RandomReady || r.RandomSource != "nsm-hwrng" {
		t.Errorf("random numbers are ready: %v, from %q", r.RandomReady, r.RandomSource)
	}
	if !strings.HasPrefix(r.CommandLine, kernel.CommandLine+" ") || !slices.Equal(r.Args, []string{"/init"}) {
		t.Errorf("command line %q, init's arguments %q", r.CommandLine, r.Args)
	}
	if off := time.Since(time.Unix(r.UnixTime, 0)).Abs(); off > time.Hour {
		t.Errorf("the enclave's clock is %v off", off)
	}
	// Nine tenths: a kernel that takes more has something in it that nobody asked for.
	if r.MemTotalKiB < 400<<10 || r.MemFreeKiB < r.MemTotalKiB*9/10 {
		t.Errorf("%d of %d KiB are free", r.MemFreeKiB, r.MemTotalKiB)
	}
}

// measured is a register that starts at zero and is extended once. Role and instance
// go in as they are, without a digest of their own.
func measured(text string) string {
	sum := sha512.Sum384(append(make([]byte, 48), text...))
	return hex.EncodeToString(sum[:])
}

// echo sends a megabyte through the enclave and back, and asks a port where nobody
// listens. It closes nothing before all is back: vhost-device-vsock makes a full close
// of the host's half one.
func echo(ctx context.Context, link transport.Link) error {
	if conn, err := link.Dial(ctx, report.EchoPort+1); err == nil {
		_ = conn.Close()
		return errors.New("a port answers on which nobody listens")
	}
	conn, err := link.Dial(ctx, report.EchoPort)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(data)
		sent <- err
	}()
	back := make([]byte, len(data))
	if _, err := io.ReadFull(conn, back); err != nil {
		return err
	}
	if !bytes.Equal(back, data) {
		return errors.New("other bytes came back")
	}
	return <-sent
}
