// Command benchbridge measures runtime/bridge against a connection without a bridge,
// and against socat, in one run on one transport. It prints ratios to the bare
// connection, for the machine's speed is nobody's interest.
//
// Client, bridge and server are processes of their own. Each figure is the median of
// the rounds, and a round measures all subjects one after the other, so that what else
// the machine does hits all.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.role, "role", "", "what this process is: empty, server or bridge; used by the command itself")
	flag.StringVar(&o.back, "back", "", "network of the server's side: tcp or hybrid")
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
	for _, back := range []string{"hybrid", "tcp"} {
		o.back = back
		if err := compare(ctx, o); err != nil {
			return fmt.Errorf("tcp to %s: %w", back, err)
		}
	}
	return nil
}
