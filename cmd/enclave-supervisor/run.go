package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/credentials"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/metrics"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/reap"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/relay"
)

// run is the supervisor. Its own log and the enclave's are lines of JSON on one output.
func (p program) run() error {
	output := relay.NewWriter(p.stdout)
	log := slog.New(slog.NewJSONHandler(output, nil))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	options, err := p.options(log)
	if err != nil {
		supervisor.WriteTermination(log, contract.TerminationLog, err)
		return err
	}
	options.LogOutput = output
	options.Metrics = supervisor.NewMetrics(p.version, countStart(log))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if os.Getpid() == 1 {
		go reap.Run(ctx, reap.Every)
	}
	pod := options.Config.Pod
	log.Info("supervisor", "version", p.version, "pod", pod.Name, "namespace", pod.Namespace, "node", pod.Node, "launcher", options.Config.Launcher)
	err = supervisor.New(options).Run(ctx, signals)
	if err != nil {
		return exitStatus(supervisor.ExitCode(err)) // the log has it
	}
	return nil
}

// countStart counts this start among those of the pod's container.
func countStart(log *slog.Logger) int {
	before, err := metrics.CountStart(metrics.StartsFile)
	if err != nil {
		log.Warn("the starts of the container are not counted", "error", err)
	}
	return before
}

// options read the environment, with all faults at once.
func (p program) options(log *slog.Logger) (supervisor.Options, error) {
	var faults fault.List
	c, err := config.Load(p.getenv)
	faults.Join("environment", err)
	tokens, err := credentials.Discover(p.getenv)
	faults.Join("environment", err)
	if list, err := c.List(); err == nil {
		faults.Join(contract.EnvEgress, tokens.CheckEgress(contract.EnvEgress, list))
	}
	if err := faults.Err(); err != nil {
		return supervisor.Options{}, configFailure(err)
	}
	newLauncher, ok := p.launchers[c.Launcher]
	if !ok {
		return supervisor.Options{}, configFailure(fmt.Errorf("this build has no launcher %q", c.Launcher))
	}
	launcher, err := newLauncher(c, log)
	if err != nil {
		return supervisor.Options{}, configFailure(err)
	}
	return supervisor.Options{Config: c, Launcher: launcher, Credentials: tokens, Log: log, Listen: p.listen}, nil
}

func configFailure(err error) error {
	return &supervisor.Failure{Code: supervisor.ExitConfig, Reason: "the pod's environment cannot be used", Err: err}
}

func (p program) preflightCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "preflight",
		Short: "Print what stands in the way of the enclave, and how to cure it",
		Long:  "Print what stands in the way of the enclave, and how to cure it. It starts nothing. The exit code is 1 when there is something.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := interruptible()
			defer stop()
			options, err := p.options(slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			findings := supervisor.New(options).Preflight(ctx)
			for _, f := range findings {
				_, _ = fmt.Fprintln(p.stdout, f)
			}
			if len(findings) > 0 {
				return exitStatus(1)
			}
			_, err = fmt.Fprintln(p.stdout, "nothing stands in the way")
			return err
		},
	}
}
