package guest

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/logs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/policy"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Module is the security module; attest.NSM is one.
type Module interface {
	DescribePCR(index int) (attest.PCRState, error)
	Attestation(request attest.AttestationRequest) ([]byte, error)
}

// Machine is what the guest asks of its kernel.
type Machine interface {
	// SetClock sets the wall clock.
	SetClock(to time.Time) error
	// AddLoopback gives lo an address that is none of 127.0.0.0/8.
	AddLoopback(address netip.Addr) error
	// Uptime is the time since the kernel started.
	Uptime() time.Duration
	// Memory is that of the machine; nil when it cannot be told.
	Memory() *control.Memory
}

// Config is what a guest is made of. Only Module may be nil: then nothing is measured,
// which counts as debug mode.
type Config struct {
	Policy  policy.Policy
	Launch  launch.Spec
	Module  Module
	Machine Machine
	Reaper  *process.Reaper
	Logs    *logs.Buffer
	Log     *slog.Logger
	// Root is the payload's root: "/" once the root is switched.
	Root string
	// Link is the way to the parent with this CID.
	Link func(cid uint32) transport.Link
	// Ports are those of the payload that the parent may reach; Listening says which
	// of them are open. See ingress.Forwarder.
	Ports     []uint16
	Listening func() (map[uint16]bool, error)
	// HostClock reads the hypervisor's clock, to which the guest's is held; nil where
	// there is none.
	HostClock func() (time.Time, error)
}

// Guest is the state of the enclave. It implements control.Guest.
type Guest struct {
	Config
	registers registers

	// ctx is the life of what the payload is connected with.
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	done    chan struct{}

	mu       sync.Mutex
	state    control.State
	payload  *process.Child
	files    fileWriter
	reported bool // the status was asked for after the end
}

var _ control.Guest = (*Guest)(nil)

// New returns a guest that waits for its bootstrap. It reads the module's registers.
// Close ends what it has started, apart from the payload.
func New(ctx context.Context, config Config) *Guest {
	g := &Guest{Config: config, state: control.StateWaiting, done: make(chan struct{})}
	g.ctx, g.cancel = context.WithCancel(ctx)
	g.registers = readRegisters(config.Module, config.Log)
	return g
}

// Done is closed when the payload has ended and its last lines are in the buffer, or
// when the guest has failed to start it.
func (g *Guest) Done() <-chan struct{} { return g.done }

// Reported tells whether the parent has got all that there is to know after the end.
func (g *Guest) Reported() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reported && g.Config.Logs.Empty()
}

// Close cuts all connections of the payload and waits for them.
func (g *Guest) Close() {
	g.cancel()
	g.running.Wait()
}
