//go:build linux

package nitro

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// Preflight implements [launch.Launcher]. It reads the whole image once, for its checksum.
// What /sys does not show is not checked: the launch will tell.
func (l *Launcher) Preflight(ctx context.Context, r launch.Request) []launch.Finding {
	m := machine{l.root()}
	bytes, found := l.checkImage(ctx, r.Image)
	var all []launch.Finding
	for _, some := range [][]launch.Finding{
		l.checkDevice(),
		l.checkSocket(),
		found,
		checkMemory(r.MemoryMiB, bytes),
		m.checkPages(r.MemoryMiB, l.sizes()),
		m.checkCPUs(r.CPUs),
	} {
		all = append(all, some...)
	}
	return all
}

// checkDevice opens the device, which changes nothing.
func (l *Launcher) checkDevice() []launch.Finding {
	fd, err := l.kernel().open(l.device())
	if err != nil {
		return one("device", fail(StepOpen, l.device(), err))
	}
	_ = l.kernel().close(fd)
	return nil
}

// checkSocket opens a socket and dials nobody.
func (l *Launcher) checkSocket() []launch.Finding {
	err := l.kernel().vsock()
	if err == nil {
		return nil
	}
	check := "seccomp"
	if errors.Is(err, unix.EAFNOSUPPORT) {
		check = "vsock"
	}
	return one(check, fail(StepBootLock, "a socket of AF_VSOCK", err))
}

// one makes a finding of an error of a launch.
func one(check string, err *Error) []launch.Finding {
	problem := err.Err.Error()
	if err.Detail != "" {
		problem = err.Detail + ": " + problem
	}
	return []launch.Finding{{Check: check, Problem: problem, Cure: err.Cure}}
}
