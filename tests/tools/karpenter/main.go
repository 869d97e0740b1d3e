// Command karpenter-kwok is Karpenter's core with its kwok cloud provider, which
// needs no cloud: it makes Node objects that kwok then plays. Scheduling,
// NodeOverlays and disruption are the same code as in Karpenter for AWS.
//
// It is a test fixture. Karpenter's own main serves metrics and probes on all
// interfaces, so this one puts the same parts together without any server.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// settings are the command line.
type settings struct {
	kubeconfig    string
	instanceTypes string
	ready         string
	nodeOverlay   bool
}

func main() {
	s, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2) // the flag set has said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	logger := logr.FromSlogHandler(slog.NewTextHandler(os.Stdout, nil))
	log.SetLogger(logger)
	klog.SetLogger(logger)
	if err := run(log.IntoContext(ctx, logger), s); err != nil {
		fmt.Fprintln(os.Stderr, "karpenter-kwok:", err)
		os.Exit(1)
	}
}

// parse uses a flag set of its own: controller-runtime has put a -kubeconfig into
// the global one.
func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("karpenter-kwok", flag.ContinueOnError)
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster (needed)")
	flags.StringVar(&s.instanceTypes, "instance-types", "", "JSON file of the instance types (needed)")
	flags.StringVar(&s.ready, "ready-file", "", "file to create once all caches are filled")
	flags.BoolVar(&s.nodeOverlay, "node-overlay", false, "switch the feature gate NodeOverlay on")
	err = flags.Parse(args)
	return s, err
}
