// Command supervisor is cmd/enclave-supervisor with the launcher of package attach. It is
// configured by the same environment, and by the variables below.
package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/credentials"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/relay"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/machines"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/attach"
)

func main() {
	output := relay.NewWriter(os.Stdout)
	log := slog.New(slog.NewJSONHandler(output, nil))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM)
	options, err := options(log)
	if err != nil {
		log.Error("configuration", "error", err)
		os.Exit(supervisor.ExitConfig)
	}
	options.LogOutput = output
	os.Exit(supervisor.ExitCode(supervisor.New(options).Run(context.Background(), signals)))
}

func options(log *slog.Logger) (supervisor.Options, error) {
	c, err := config.Load(os.Getenv)
	tokens, other := credentials.Discover(os.Getenv)
	cid, malformed := strconv.ParseUint(os.Getenv(attach.CIDVariable), 10, 32)
	if err := errors.Join(err, other, malformed); err != nil {
		return supervisor.Options{}, err
	}
	timing := supervisor.DefaultTiming()
	timing.Endpoints = time.Second // there are no load balancers that have to hear of an end
	return supervisor.Options{
		Config: c, Credentials: tokens, Log: log, Timing: timing, TerminationLog: filepath.Join(c.SocketsDir, attach.TerminationFile),
		Launcher: &attach.Launcher{
			CID: uint32(cid), Image: os.Getenv(attach.ImageVariable), Machines: machines.NewClient(), Logger: log, Hold: held,
		},
	}, nil
}

// held waits for the end of a file, if one is named.
func held(ctx context.Context) error {
	path := os.Getenv(attach.HoldVariable)
	for path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
