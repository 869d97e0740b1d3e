package supervisor

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// Preflight says all that stands in the way of a start, without starting anything.
func (s *Supervisor) Preflight(ctx context.Context) []launch.Finding {
	findings := s.Launcher.Preflight(ctx, s.Config.Enclave)
	if _, err := readConfig(s.Config.ConfigPath); err != nil {
		findings = append(findings, launch.Finding{Check: "config", Problem: err.Error(),
			Cure: "mount the signer's configuration there"})
	}
	if _, err := s.Credentials.Read(); err != nil {
		findings = append(findings, launch.Finding{Check: "credentials", Problem: err.Error(),
			Cure: "see that the pod's ServiceAccount has a role, and that its webhook has mounted the token"})
	}
	if _, err := readMeasurements(s.Measurements); err != nil {
		findings = append(findings, launch.Finding{Check: "measurements", Problem: err.Error(),
			Cure: "use the image as it was built, or leave the file out"})
	}
	return findings
}

func (x *session) preflight(ctx context.Context) error {
	findings := x.Preflight(ctx)
	for _, f := range findings {
		x.Log.Error("preflight", "check", f.Check, "problem", f.Problem, "cure", f.Cure)
	}
	if err := launch.Findings(findings).Err(); err != nil {
		return failure(ExitPreflight, err, "the enclave cannot be started here")
	}
	return nil
}

func (x *session) launch(ctx context.Context) error {
	x.become(lifecycle.Starting, "")
	within, cancel := context.WithTimeout(ctx, x.Timing.Launch)
	defer cancel()
	enclave, err := x.Launcher.Launch(within, x.Config.Enclave)
	if err != nil {
		return failure(ExitLaunch, err, "the enclave was not started")
	}
	info := enclave.Info()
	x.mu.Lock()
	x.enclave = enclave
	x.mu.Unlock()
	x.Log.Info("enclave started", "enclave", info.ID, "cid", info.CID, "cpus", info.CPUCount, "memoryMiB", info.MemoryMiB, "debug", info.Debug)
	if info.Debug {
		x.Log.Warn("debug mode: the enclave's memory can be read, its measurements are zero, and no key that is bound to them can be used")
	}
	x.working.Go(x.awaitEnd)
	return nil
}

// awaitEnd cuts all traffic as soon as the enclave is gone. An enclave ends once it has
// told how its payload did, so that this answer may be on its way yet.
func (x *session) awaitEnd() {
	select {
	case <-x.enclave.Done():
	case <-x.ctx.Done():
		return
	}
	f := failure(ExitEnclave, x.enclave.Err(), "the enclave has ended by itself")
	x.cut(f)
	select {
	case <-x.finished:
	case <-time.After(lastBytes):
		x.finish(f)
	}
}

func (x *session) boot(ctx context.Context) error {
	x.become(lifecycle.Booting, "")
	most := x.bootTimeout()
	within, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	err := x.enclave.Booted(within)
	switch {
	case err == nil:
		took := time.Since(x.enclave.Info().Started)
		x.Log.Info("enclave booted", "seconds", took.Seconds())
		x.Metrics.Booted(took)
		return nil
	case errors.Is(within.Err(), context.DeadlineExceeded):
		return failure(ExitLaunch, err, "the enclave gave no sign of life in %s; start it in debug mode and read its console", most)
	default:
		return failure(ExitLaunch, err, "the enclave did not boot; start it in debug mode and read its console")
	}
}

func (x *session) bootTimeout() time.Duration {
	if x.Timing.Boot > 0 {
		return x.Timing.Boot
	}
	var size int64
	if info, err := os.Stat(x.Config.Enclave.Image); err == nil {
		size = info.Size()
	}
	return BootTimeout(size, x.Config.Enclave.MemoryMiB)
}

// where names the node for people, as far as it is known.
func (s *Supervisor) where() string {
	return strings.TrimSpace("node " + s.Config.Pod.Node)
}
