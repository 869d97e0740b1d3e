package supervisor

import (
	"io"
	"log/slog"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/credentials"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/forward"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/metrics"
)

// Options are what a Supervisor is made of. Config, Launcher and Log are required.
type Options struct {
	Config      config.Config
	Launcher    launch.Launcher
	Credentials credentials.Set
	Log         *slog.Logger
	// LogOutput is where the enclave's log goes. Nil means that nobody reads it. What Log
	// writes to the same place must go through one relay.Writer with it.
	LogOutput io.Writer
	// Metrics are told what happens, and served. Nil means those of a container that was
	// never started before.
	Metrics *metrics.Metrics

	// Listen opens a TCP port of the pod. Nil means forward.ListenTCP.
	Listen forward.Listen
	// Dialer makes what connects to an endpoint. Nil means forward.Direct.
	Dialer func(egress.Endpoint) (forward.Dial, error)
	// Measurements is the path of the image's measurements. Empty means the one beside
	// the image. The file may be missing.
	Measurements string
	// TerminationLog is where the reason of a failure is written, if the file is there.
	// Empty means contract.TerminationLog.
	TerminationLog string
	// Timing is for tests. The zero value means DefaultTiming.
	Timing Timing
}

// Timing is how long things may take.
type Timing struct {
	// Launch bounds the start of the enclave, with the wait for others on the node.
	Launch time.Duration
	// Boot bounds the wait for the first sign of life. Zero means BootTimeout.
	Boot time.Duration
	// Control bounds the wait for the control channel, and for each step of the
	// bootstrap.
	Control time.Duration
	// Poll is how often the status is asked for, Call how long an answer may take.
	Poll, Call time.Duration
	// Stale is how old the last answer may be for the pod to be ready, Silent for the
	// enclave to count as alive.
	Stale, Silent time.Duration
	// Signer is how long the signer's health check may take.
	Signer time.Duration
	// Endpoints is how long the pod serves on after it was told to end.
	Endpoints time.Duration
	// FirstOut is how long connections get to end by themselves before the payload is
	// told to end. See docs/supervisor.md.
	FirstOut time.Duration
	// LastWords is how long the end of the payload's log and its exit code are waited
	// for.
	LastWords time.Duration
	// Terminate bounds the end of the enclave.
	Terminate time.Duration
	// Linger is how long a supervisor that was drained waits for its SIGTERM.
	Linger time.Duration
}

// DefaultTiming is what the pod's probes and grace period are made for: kubelet gives a
// start 300 seconds, and an end EndpointSeconds, the drain and TerminateSeconds.
func DefaultTiming() Timing {
	return Timing{
		Launch: 4 * time.Minute, Control: 30 * time.Second,
		Poll: time.Second, Call: 2 * time.Second, Stale: 5 * time.Second, Silent: 15 * time.Second,
		Signer:    3 * time.Second,
		Endpoints: contract.EndpointSeconds * time.Second,
		FirstOut:  5 * time.Second, LastWords: 3 * time.Second,
		Terminate: (contract.TerminateSeconds - 8) * time.Second,
		Linger:    10 * time.Second,
	}
}

// BootTimeout is how long an enclave of this image and memory may take to give its first
// sign of life. It is nitro-cli's rule: 90 seconds for each 6 GiB of the image that have
// begun, and 90 for each 100 GiB of memory (aws-nitro-enclaves-cli, enclave_proc).
func BootTimeout(imageBytes int64, memoryMiB int) time.Duration {
	const unit = 90 * time.Second
	parts := func(n, size int64) time.Duration { return time.Duration(max(1, (n+size-1)/size)) }
	return unit*parts(imageBytes, 6<<30) + unit*parts(int64(memoryMiB), 100<<10)
}
