// Command signer is a fixture, and no production signer: what the tests of the whole path
// put into an enclave image in the place of Containment Chamber. Its keys are in its
// configuration, its protection against slashing is a minimum, and nothing keeps its
// memory from being read.
//
// What a client, a probe, a scraper and AWS see of it is real in form: Web3Signer's API
// with BLS signatures over signing roots that it computes itself, the health routes and
// the metrics of the real signer, calls to KMS (with an attestation document where there
// is a security module), DynamoDB and STS through AWS's SDK, and a graceful end.
//
//	signer [server] [-c config.json]
//
// The configuration is the real signer's as far as it goes, with a section "fixture"; see
// package service.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path"
	"syscall"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/service"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "signer:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if len(arguments) > 0 && arguments[0] == "server" {
		arguments = arguments[1:]
	}
	flags := flag.NewFlagSet("signer", flag.ContinueOnError)
	flags.SetOutput(out)
	name := flags.String("c", path.Join(contract.ConfigDir, contract.ConfigFile), "the configuration, in JSON")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	data, err := os.ReadFile(*name)
	if err != nil {
		return err
	}
	config, err := service.ParseConfig(data)
	if err != nil {
		return err
	}
	signer, err := service.New(ctx, config, service.Dependencies{Log: slog.New(slog.NewJSONHandler(out, nil))})
	if err != nil {
		return err
	}
	api, metrics, err := service.Open(ctx, config)
	if err != nil {
		return err
	}
	return signer.Serve(ctx, api, metrics)
}
