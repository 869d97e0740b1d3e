package nitrocli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

func newConsole(supervisor admin.Supervisor) *cobra.Command {
	var t target
	var idleSeconds uint32
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Read the console of this pod's enclave, in debug mode",
		Long: `The console has what the enclave's kernel and its first program write. The signer's lines are
in the pod's log. Only an enclave in debug mode has a console.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := t.find(cmd.Context(), supervisor)
			if err != nil {
				return err
			}
			console, err := supervisor.Console(cmd.Context())
			switch {
			case errors.Is(err, launch.ErrNoConsole):
				return fmt.Errorf("%w; %s=true starts it in debug mode, with measurements of zero, so that no key bound to an image can be used", err, contract.EnvDebug)
			case err != nil:
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Successfully connected to the console of enclave %s.\n", e.ID)
			return follow(cmd.Context(), console, cmd.OutOrStdout(), time.Duration(idleSeconds)*time.Second)
		},
	}
	t.flags(cmd)
	cmd.MarkFlagsOneRequired("enclave-id", "enclave-name")
	cmd.Flags().Uint32Var(&idleSeconds, "disconnect-timeout", 0, "end after so many seconds without output; 0 waits for ever")
	return cmd
}

// follow copies a console until it ends, the context ends or it is silent for too long;
// all of them are a success.
func follow(ctx context.Context, console io.ReadCloser, out io.Writer, idle time.Duration) error {
	defer func() { _ = console.Close() }()
	var closed atomic.Bool
	end := func() { closed.Store(true); _ = console.Close() }
	defer context.AfterFunc(ctx, end)()
	restart := func() {}
	if idle > 0 {
		timer := time.AfterFunc(idle, end)
		defer timer.Stop()
		restart = func() { timer.Reset(idle) }
	}
	buffer := make([]byte, 4096)
	for {
		n, err := console.Read(buffer)
		if n > 0 {
			restart()
		}
		if _, failed := out.Write(buffer[:n]); failed != nil {
			return fmt.Errorf("writing the console's output: %w", failed)
		}
		switch {
		case errors.Is(err, io.EOF), err != nil && closed.Load():
			return nil
		case err != nil:
			return fmt.Errorf("reading the console: %w", err)
		}
	}
}
