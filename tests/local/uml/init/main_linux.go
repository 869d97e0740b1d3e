// Command init is the first program of a guest of package uml. It loads the modules of
// vsock, and either makes way for the guest's own init or runs a command in a machine
// that is set up as an enclave's, and ends the guest with it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/machine"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/plan"
)

// hostCID is the host of virtual machines, in the terms of Linux.
const hostCID = 2

func main() {
	if os.Getpid() != 1 { // somebody tries it out: their machine must not restart
		fmt.Fprintln(os.Stderr, "uml-init: this is the first program of a guest, and runs as PID 1 only")
		os.Exit(1)
	}
	status, err := run(context.Background())
	if err != nil {
		fmt.Println("uml-init:", err)
	}
	fmt.Printf("%s%d\n", plan.StatusPrefix, status)
	machine.End()
}

// run returns the command's exit status.
func run(ctx context.Context) (int, error) {
	p, err := read(plan.Path)
	if err != nil {
		return 1, err
	}
	for _, path := range p.Modules {
		if err := machine.LoadModule(path); err != nil {
			return 1, err
		}
	}
	if p.AsInit {
		return 1, fmt.Errorf("making way for %s: %w", p.Command[0], unix.Exec(p.Command[0], p.Command, p.Env))
	}
	if err := setUp(); err != nil {
		return 1, err
	}
	if err := openPorts(ctx, p.Ports); err != nil {
		return 1, err
	}
	out, err := openOutput(ctx, p.Output)
	if err != nil {
		return 1, err
	}
	status, err := command(ctx, p, out.file)
	return status, errors.Join(err, out.end())
}

func read(path string) (plan.Plan, error) {
	var p plan.Plan
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err == nil && len(p.Command) == 0 {
		err = errors.New("there is no command")
	}
	if err != nil {
		return p, fmt.Errorf("reading %s: %w", path, err)
	}
	return p, nil
}

func setUp() error {
	return errors.Join(machine.Limits(), machine.MountAll(slog.Default()), machine.LoopbackUp())
}

func command(ctx context.Context, p plan.Plan, out *os.File) (int, error) {
	reaper := process.NewReaper()
	go reaper.Run(ctx)
	child, err := reaper.Start(process.Spec{
		Path: p.Command[0], Args: p.Command, Env: p.Env, Dir: "/", Stdout: out, Stderr: out,
	})
	if err != nil {
		return 1, err
	}
	<-child.Done()
	return child.ExitCode(), nil
}

// output is where a command writes to.
type output struct {
	file *os.File
	end  func() error
}

func openOutput(ctx context.Context, toHost bool) (output, error) {
	if !toHost {
		return output{os.Stdout, func() error { return nil }}, nil
	}
	link := transport.VSock{Peer: hostCID}
	conn, err := link.Dial(ctx, plan.OutputPort)
	if err != nil {
		return output{}, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return output{}, err
	}
	sent := make(chan error, 1)
	go func() { sent <- plan.Send(conn, reader) }()
	return output{writer, func() error { return errors.Join(writer.Close(), <-sent) }}, nil
}
