package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

func upCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:     "up",
		Short:   "Start the stack, if it does not run",
		Example: "  local-stack up\n  local-stack up --dir /tmp/other",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if running, err := stack.Open(*dir); err == nil {
				say(cmd, "already running in %s\n", running.Dir)
				return nil
			}
			set, err := tools.Ensure(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			begin := time.Now()
			s, err := stack.Start(cmd.Context(), stack.Options{Dir: *dir, Tools: set})
			if err != nil {
				return err
			}
			say(cmd, "running in %s after %.1f s\nkubeconfig %s\nkubectl    %s\n",
				s.Dir, time.Since(begin).Seconds(), s.Kubeconfig(), s.ControlPlane.Kubectl())
			return nil
		},
	}
}

func downCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:     "down",
		Short:   "Stop the stack and remove its state",
		Example: "  local-stack down",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return stack.Remove(cmd.Context(), *dir)
		},
	}
}

// errPartly makes status exit with 1 when something has ended by itself.
var errPartly = errors.New("some processes have ended; `local-stack down` cleans up")

func statusCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Say what runs; the exit status is 1 when the stack does not",
		Example: "  local-stack status",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := stack.Open(*dir)
			if s == nil {
				return err
			}
			ids := s.Processes()
			for _, name := range slices.Sorted(maps.Keys(ids)) {
				say(cmd, "%-20s %s\n", name, describe(ids[name]))
			}
			if err != nil {
				return errPartly
			}
			return nil
		},
	}
}

func describe(pid int) string {
	if pid == 0 {
		return "not running"
	}
	return fmt.Sprintf("process %d", pid)
}

func envCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:     "env",
		Short:   "Print the shell's export lines for using the stack",
		Example: `  eval "$(local-stack env)"`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := stack.Open(*dir)
			if err != nil {
				return err
			}
			for _, variable := range s.Env() {
				name, value, _ := strings.Cut(variable, "=")
				say(cmd, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
			}
			return nil
		},
	}
}
