// Command node-simulator plays EC2 and the kubelet for the local stack. It is a
// test fixture, started by the stack; see package nodes.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/nodes"
)

func main() {
	account := flag.String("account", "", "file of the AWS stand-in")
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of the control plane")
	flag.Parse()
	if err := run(*account, *kubeconfig); err != nil {
		fmt.Fprintln(os.Stderr, "node-simulator:", err)
		os.Exit(1)
	}
}

func run(account, kubeconfig string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return (&nodes.Simulator{Account: account, Client: client, Log: log}).Run(ctx)
}
