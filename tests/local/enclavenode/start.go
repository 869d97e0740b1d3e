package enclavenode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	processes "github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// HoldCommand is the argument with which a program that calls Start is the holder; what
// follows are the two flags of Hold's folders. The program then calls Hold.
const (
	HoldCommand  = "hold-enclave-node"
	FlagDir      = "dir"
	FlagCheckout = "checkout"
)

// endPatience is how long the holder may take to put the machine back.
const endPatience = 90 * time.Second

// Start starts the holder, or finds one, and returns when the node is there. What the
// holder says goes to out as well: a first build takes a quarter of an hour.
func Start(ctx context.Context, dir string, out io.Writer) (s State, found bool, err error) {
	if s, err := Open(dir); err == nil {
		return s, true, nil
	}
	if err := os.RemoveAll(dir); err != nil { // of a holder that was killed
		return s, false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s, false, err
	}
	self, err := os.Executable()
	if err != nil {
		return s, false, err
	}
	checkout, err := tools.ModuleRoot()
	if err != nil {
		return s, false, err
	}
	spec := processes.Spec{Name: process, Path: self, Args: []string{HoldCommand, "--" + FlagDir, dir, "--" + FlagCheckout, checkout}}
	if err := processes.Dir(dir).Start(spec); err != nil {
		return s, false, err
	}
	s, err = await(ctx, dir, out)
	if err != nil {
		return s, false, errors.Join(err, Stop(context.WithoutCancel(ctx), dir))
	}
	return s, false, nil
}

// Open finds the node of a holder that runs.
func Open(dir string) (State, error) {
	if !processes.Dir(dir).Running(process) {
		return State{}, errors.New("no node is held")
	}
	return read(dir)
}

// Stop ends the node and its holder. Where there is none it does nothing.
func Stop(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(processes.Dir(dir).Stop(ctx, process, endPatience), os.RemoveAll(dir))
}

// await passes the holder's log on until there is a state.
func await(ctx context.Context, dir string, out io.Writer) (State, error) {
	log, err := os.Open(filepath.Clean(processes.Dir(dir).Log(process)))
	if err != nil {
		return State{}, err
	}
	defer func() { _ = log.Close() }()
	for {
		running := processes.Dir(dir).Running(process)
		if _, err := io.Copy(out, log); err != nil {
			return State{}, err
		}
		if s, err := read(dir); err == nil {
			return s, nil
		}
		if !running {
			return State{}, fmt.Errorf("the real node's holder has ended:\n%s", processes.Dir(dir).Tail(process, 40))
		}
		select {
		case <-ctx.Done():
			return State{}, fmt.Errorf("waiting for the real node: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
