package supervisor

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/forward"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/metrics"
)

// tokenBytes is the randomness of the token.
const tokenBytes = 32

func newToken() string {
	token := make([]byte, tokenBytes)
	_, _ = rand.Read(token) // never fails (Go 1.24)
	return base64.RawURLEncoding.EncodeToString(token)
}

// introduce gives the enclave what it needs, and makes sure that it is the one which was
// measured.
func (x *session) introduce(ctx context.Context) error {
	client := control.NewClient(func(ctx context.Context) (net.Conn, error) {
		return x.enclave.Link().Dial(ctx, contract.PortControl)
	}, newToken())
	x.mu.Lock()
	x.client = client
	x.mu.Unlock()
	if err := x.awaitWaiting(ctx); err != nil {
		return err
	}
	if err := x.bootstrap(ctx); err != nil {
		return err
	}
	status, err := x.firstStatus(ctx)
	if err != nil {
		return err
	}
	return x.checkIdentity(status)
}

// retryEvery is the pause between two tries of the control channel.
const retryEvery = 100 * time.Millisecond

// awaitWaiting waits until the guest says that it has not been bootstrapped.
func (x *session) awaitWaiting(ctx context.Context) error {
	status, err := x.ask(ctx)
	switch {
	case err != nil:
		return failure(ExitBootstrap, err, "the enclave runs and its control channel (vsock port %d) does not answer; the image must have the init of this project, see chamber eif build", contract.PortControl)
	case status.State != control.StateWaiting:
		return x.intruded(fmt.Errorf("the enclave is %s before it was bootstrapped", status.State))
	}
	return nil
}

// ask asks for the status until there is an answer, or the time for that is over.
func (x *session) ask(ctx context.Context) (control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, x.Timing.Control)
	defer cancel()
	for {
		status, err := x.statusOnce(ctx)
		if err == nil {
			return status, nil
		}
		select {
		case <-time.After(retryEvery):
		case <-ctx.Done():
			return control.Status{}, errors.Join(context.Cause(ctx), err)
		}
	}
}

func (x *session) statusOnce(ctx context.Context) (control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, x.Timing.Call)
	defer cancel()
	return x.client.Status(ctx)
}

// bootstrap is tried once: an answer that was lost may have been a success, and a second
// try would look like a stranger's.
func (x *session) bootstrap(ctx context.Context) error {
	request, err := x.request(ctx)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, x.Timing.Control)
	defer cancel()
	err = x.client.Bootstrap(within, request)
	if err == nil {
		return nil
	}
	switch control.ErrorCode(err) {
	case control.CodeConflict:
		return x.intruded(err)
	case control.CodeForbidden:
		return failure(ExitBootstrap, err, "the enclave's measured policy refuses what the pod asks for")
	default:
		return failure(ExitBootstrap, err, "the enclave was not bootstrapped")
	}
}

// request puts together what the enclave gets. The ways out are open before it: it names
// their ports.
func (x *session) request(ctx context.Context) (control.Bootstrap, error) {
	content, err := readConfig(x.Config.ConfigPath)
	if err != nil {
		return control.Bootstrap{}, failure(ExitConfig, err, "the signer has no configuration")
	}
	tokens, err := x.Credentials.Read()
	if err != nil {
		return control.Bootstrap{}, failure(ExitConfig, err, "the signer has no credentials")
	}
	// The context of the ways is the session's: they outlive the bootstrap.
	set, ports, err := forward.OpenEgress(x.ctx, x.Config.Egress, x.Dialer, x.enclave.Link(), x.hooks(metrics.Egress)) //nolint:contextcheck // as said
	if err != nil {
		return control.Bootstrap{}, failure(ExitInternal, err, "the enclave has no way out")
	}
	x.mu.Lock()
	x.egress = set
	x.mu.Unlock()
	return control.Bootstrap{
		Time:        time.Now(),
		Environment: maps.Clone(x.Credentials.Environment),
		Files:       append([]control.File{{Path: contract.ConfigDir + "/" + contract.ConfigFile, Content: content}}, tokens...),
		Egress:      ports,
	}, ctx.Err()
}

// intruded is the end of an enclave that somebody else has got hold of. They gain no key
// by it, since those are bound to measurements; what they can do is to keep us out.
func (x *session) intruded(err error) error {
	x.Log.Error("INTRUSION: somebody else has bootstrapped this enclave first; it is terminated",
		"node", x.Config.Pod.Node, "cid", x.enclave.Info().CID, "error", err)
	return failure(ExitIntrusion, err, "somebody else on %s has bootstrapped this enclave first, and it was terminated; find the pod that may open AF_VSOCK sockets there and is no chamber", x.where())
}

// readConfig reads the signer's configuration, never more than a call can carry.
func readConfig(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > control.MaxFileBytes {
		return nil, fmt.Errorf("%s is %d bytes (%s); it must be a file of at most %d", path, info.Size(), info.Mode().Type(), control.MaxFileBytes)
	}
	return os.ReadFile(path)
}

// hooks make the ways of one direction seen.
func (s *Supervisor) hooks(direction metrics.Way) forward.Hooks {
	return forward.Hooks{
		Observer: func(name string) func(bridge.Result) { return s.Metrics.Observer(direction, name) },
		Opened: func(name string, b *bridge.Bridge, strangers func() uint64) {
			s.Metrics.Add(direction, name, b, strangers)
		},
		Log: s.Log.With("way", direction),
	}
}
