package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Program is a Pulumi program with one Pulumi stack in the local stack's backend.
//
// Its configuration is kept in the state folder, not beside the program, so that
// examples stay as they are in git and several stacks of one can run.
type Program struct {
	local      *Stack
	dir, name  string
	settings   string // folder with a copy of Pulumi.yaml and the configuration
	configFile string
}

// Program creates the Pulumi stack of that name for the program in dir, or finds
// it.
func (s *Stack) Program(ctx context.Context, dir, name string) (*Program, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	settings := filepath.Join(s.Dir, "programs", filepath.Base(dir), name)
	p := &Program{
		local: s, dir: dir, name: name, settings: settings,
		configFile: filepath.Join(settings, "Pulumi."+name+".yaml"),
	}
	if _, err := os.Stat(p.configFile); err == nil {
		return p, nil
	}
	return p, p.create(ctx)
}

// create makes the Pulumi stack in a folder that has nothing but a copy of the
// project file: the CLI writes the stack's settings beside it.
func (p *Program) create(ctx context.Context) error {
	project, err := os.ReadFile(filepath.Join(p.dir, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	if err := os.MkdirAll(p.settings, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.settings, "Pulumi.yaml"), project, 0o600); err != nil {
		return err
	}
	_, err = p.local.Pulumi(ctx, p.settings, "stack", "init", "--stack", p.name, "--no-select")
	return err
}

// SetConfig sets a configuration value. A path such as "nodes.count" is a key as
// it is.
func (p *Program) SetConfig(ctx context.Context, key, value string) error {
	_, err := p.local.Pulumi(ctx, p.settings, "config", "set", "--stack", p.name, "--", key, value)
	return err
}

// SetSecret sets a configuration value that is encrypted.
func (p *Program) SetSecret(ctx context.Context, key, value string) error {
	_, err := p.local.Pulumi(ctx, p.settings, "config", "set", "--secret", "--stack", p.name, "--", key, value)
	return err
}

// Run runs a command that works on the program (up, preview, refresh, destroy)
// and returns what it prints.
func (p *Program) Run(ctx context.Context, command string, args ...string) (string, error) {
	return p.local.Pulumi(ctx, p.dir, p.arguments(command, args)...)
}

// Stream is Run with the output on out as it comes.
func (p *Program) Stream(ctx context.Context, out io.Writer, command string, args ...string) error {
	return p.local.Stream(ctx, out, p.dir, p.arguments(command, args)...)
}

func (p *Program) arguments(command string, args []string) []string {
	return append([]string{command, "--stack", p.name, "--config-file", p.configFile}, args...)
}

// Outputs returns the stack's outputs; secrets are shown as "[secret]".
func (p *Program) Outputs(ctx context.Context) (map[string]any, error) {
	out, err := p.local.Pulumi(ctx, p.settings, "stack", "output", "--stack", p.name, "--json")
	if err != nil {
		return nil, err
	}
	outputs := map[string]any{}
	if err := json.Unmarshal([]byte(out), &outputs); err != nil {
		return nil, fmt.Errorf("reading the outputs: %w", err)
	}
	return outputs, nil
}

// Export returns the stack's state as the backend has it, secrets encrypted.
func (p *Program) Export(ctx context.Context) (string, error) {
	return p.local.Pulumi(ctx, p.settings, "stack", "export", "--stack", p.name)
}

// Unlock takes away the lock of a run that was killed.
func (p *Program) Unlock(ctx context.Context) error {
	_, err := p.local.Pulumi(ctx, p.settings, "cancel", "--yes", "--stack", p.name)
	return err
}

// Folder is where commands such as `pulumi stack output` find the stack.
func (p *Program) Folder() string { return p.settings }
