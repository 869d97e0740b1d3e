// Command enclave-supervisor is PID 1 of the chamber's container: it starts the enclave,
// forwards its traffic, watches it and ends it. docs/supervisor.md describes it.
//
// Called by the name nitro-cli it answers as that program does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/forward"
)

func main() {
	p := program{getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr, launchers: launchers, version: toolVersion()}
	os.Exit(p.main(os.Args[0], os.Args[1:]))
}

// program is the process as far as it can be another one in tests.
type program struct {
	getenv         func(string) string
	stdout, stderr io.Writer
	launchers      map[string]newLauncher
	version        string
	// listen opens ports of the pod; nil means on all its addresses.
	listen forward.Listen
}

// main returns the exit code.
func (p program) main(name string, args []string) int {
	if filepath.Base(name) == filepath.Base(contract.NitroCLIPath) {
		ctx, stop := interruptible()
		defer stop()
		return nitrocli.Run(ctx, p.admin(), p.version, args, p.stdout, p.stderr)
	}
	command := p.command()
	command.SetArgs(args)
	err := command.Execute()
	var told exitStatus
	switch {
	case errors.As(err, &told):
		return int(told)
	case err != nil:
		_, _ = fmt.Fprintln(p.stderr, "enclave-supervisor:", err)
	}
	return supervisor.ExitCode(err)
}

// exitStatus is the end of a command that has said all there is to say.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func (p program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "enclave-supervisor",
		Short: "Run the enclave of a Containment Chamber pod",
		Long: `Without arguments it is PID 1 of the chamber's container, and is configured by the pod's environment:
it starts the enclave, forwards its traffic, watches it and ends it.`,
		// main prints errors, once and without the usage, which buries them.
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              cobra.NoArgs,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              func(*cobra.Command, []string) error { return p.run() },
	}
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.AddCommand(p.drainCommand(), p.preflightCommand(), p.describeCommand(), p.attestCommand(), p.versionCommand())
	return root
}

func (p program) drainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   contract.CommandDrain,
		Short: "Make the running supervisor not ready, and return when its drain is over",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := interruptible()
			defer stop()
			return p.admin().Drain(ctx)
		},
	}
}

func (p program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, p.version)
			return err
		},
	}
}

// admin asks the supervisor that runs in this pod.
func (p program) admin() *admin.Client { return admin.NewClient(config.AdminSocket(p.getenv)) }

// interruptible is the context of a program that somebody has called.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// toolVersion is the version that Go recorded, which is the same for the same source.
func toolVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
