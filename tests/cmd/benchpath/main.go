// Command benchpath measures signatures through the whole path: a client, the supervisor in
// a container, its bridges, the enclave, and the signer in it. It compares with the same
// signer on the loopback interface, and with the same enclave reached over its vsock device
// without the supervisor.
//
// The enclave is emulated: QEMU translates every instruction of the guest, and its vsock
// device is a process of its own. So most of what there is between "direct" and "vsock" is
// QEMU, and says nothing of Nitro; what there is between "vsock" and "path" is ours.
//
// Each ratio is the median of the rounds, and a round measures all subjects one after the
// other, so that what else the machine does hits all.
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
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/pod"
)

func main() {
	pod.Main()
	var o options
	flag.DurationVar(&o.duration, "duration", 2*time.Second, "how long requests are sent for one figure")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds, of which the median counts")
	flag.IntVar(&o.most, "most", 64, "the largest number of clients")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if errors.Is(err, debian.ErrUnavailable) || errors.Is(err, pod.ErrUnavailable) {
		fmt.Println("nothing was measured:", err)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchpath:", err)
		os.Exit(1)
	}
}

type options struct {
	duration     time.Duration
	rounds, most int
}

func run(ctx context.Context, o options) (err error) {
	if err := pod.Available(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "benchpath")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	built, err := chamber.Build(ctx, dir, os.Stderr)
	if err != nil {
		return err
	}
	direct, stop, err := startDirect(ctx, built, dir)
	if err != nil {
		return err
	}
	defer stop()
	enclave, end, err := startEnclave(ctx, built, dir)
	if err != nil {
		return err
	}
	defer end()
	fmt.Println("The enclave is emulated: what \"vsock\" takes more than \"direct\" is QEMU's. What \"path\" takes more than \"vsock\" is the supervisor's.")
	return compare(ctx, o, append([]subject{direct}, enclave...), os.Stdout)
}
