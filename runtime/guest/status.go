package guest

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// registers are what the module has measured, read once: those below 16 are locked
// when an enclave starts.
type registers struct {
	values map[string]string
	// debug is true when the host can read the enclave's memory, or nothing says that
	// it cannot.
	debug bool
}

// measured are the registers that AWS gives a meaning: image, kernel and init,
// payload, role, instance, signer.
var measured = []int{0, 1, 2, 3, 4, 8}

func readRegisters(module Module, log *slog.Logger) registers {
	r := registers{values: map[string]string{}, debug: true}
	if module == nil {
		log.Error("there is no security module: this enclave cannot prove what it is")
		return r
	}
	for _, index := range measured {
		state, err := module.DescribePCR(index)
		if err != nil {
			log.Error("a register cannot be read", "pcr", index, "error", err)
			continue
		}
		r.values[strconv.Itoa(index)] = hex.EncodeToString(state.Value)
		if index == 0 {
			r.debug = state.Value.Zero()
		}
	}
	log.Info("measured", "pcr0", r.values["0"], "debug", r.debug)
	return r
}

// Status implements control.Guest.
func (g *Guest) Status(context.Context) control.Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := control.Status{
		State: g.state, UptimeSeconds: g.Machine.Uptime().Seconds(), Memory: g.Machine.Memory(),
		PCRs: g.registers.values, Debug: g.registers.debug, DroppedLogLines: g.Config.Logs.Dropped(),
	}
	if g.payload != nil {
		s.Payload = &control.Payload{PID: g.payload.PID, Started: g.payload.Started.UTC()}
		if g.state == control.StateExited {
			code := g.payload.ExitCode()
			s.Payload.ExitCode = &code
		}
	}
	if g.state == control.StateExited {
		g.reported = true
	}
	return s
}

// Attest implements control.Guest.
func (g *Guest) Attest(_ context.Context, a control.Attestation) ([]byte, error) {
	if g.Module == nil {
		return nil, errors.New("there is no security module")
	}
	return g.Module.Attestation(attest.AttestationRequest{UserData: a.UserData, Nonce: a.Nonce, PublicKey: a.PublicKey})
}

// Logs implements control.Guest. Of two readers the later one gets the lines.
func (g *Guest) Logs(ctx context.Context, write func(control.Line) error) error {
	return g.Config.Logs.Follow(ctx, write)
}
