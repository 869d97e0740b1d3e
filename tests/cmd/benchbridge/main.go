// Command benchbridge measures runtime/bridge against a connection without a bridge,
// and against socat, in one run on one transport: TCP, the unix sockets of an emulator, and
// AF_VSOCK between two guests of User Mode Linux. It prints ratios to the bare
// connection, for the machine's speed is nobody's interest.
//
// Client, bridge and server are processes of their own. Each figure is the median of
// the rounds, and a round measures all subjects one after the other, so that what else
// the machine does hits all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
)

func main() {
	var o options
	flag.StringVar(&o.role, "role", "", "what this process is: empty, server, bridge or parent; used by the command itself")
	flag.StringVar(&o.back, "back", "", "network of the server's side: tcp, hybrid or vsock; empty compares on all")
	flag.StringVar(&o.addr, "addr", "", "address of the server")
	flag.StringVar(&o.folder, "folder", "", "folder for sockets")
	flag.DurationVar(&o.duration, "duration", 2*time.Second, "how long requests are sent for one figure")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds, of which the median counts")
	flag.IntVar(&o.megabytes, "megabytes", 512, "size of the stream")
	flag.IntVar(&o.most, "most", 10_000, "the largest number of connections")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := o.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchbridge:", err)
		os.Exit(1)
	}
}

type options struct {
	role, back, addr, folder string
	duration                 time.Duration
	rounds, megabytes, most  int
}

func (o options) run(ctx context.Context) error {
	raiseLimit()
	switch o.role {
	case "server":
		return serve(ctx, o)
	case "bridge":
		return forward(ctx, o)
	}
	folder, err := os.MkdirTemp("", "benchbridge")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	o.folder = folder
	if o.role == "parent" {
		return compare(ctx, o)
	}
	for _, back := range []string{"hybrid", "tcp", "vsock"} {
		if o.back != "" && o.back != back {
			continue
		}
		if err := o.on(ctx, back); err != nil {
			return fmt.Errorf("tcp to %s: %w", back, err)
		}
	}
	return nil
}

// on compares on one transport.
func (o options) on(ctx context.Context, back string) error {
	o.back = back
	if back != "vsock" {
		return compare(ctx, o)
	}
	err := compareInGuests(ctx, o)
	if errors.Is(err, debian.ErrUnavailable) {
		fmt.Printf("\ntcp to vsock is left out: %v\n", err)
		return nil
	}
	return err
}
