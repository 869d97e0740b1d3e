// Command lodestar shows that Lodestar's client of remote signers and the test signer
// understand each other. Without Node.js or npm it says so, and fails not.
//
//	lodestar [-url URL] [-epoch N]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/lodestar"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/service"
)

func main() {
	url := flag.String("url", "", "a running signer, without a slash at the end; one is started where there is none")
	epoch := flag.Int("epoch", lodestar.FirstEpoch, "the epoch of the duties, which must ascend from run to run against one signer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *url, *epoch, os.Stdout)
	stop()
	if errors.Is(err, lodestar.ErrUnavailable) {
		fmt.Println("nothing was checked:", err)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lodestar:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string, epoch int, out io.Writer) error {
	client, err := lodestar.Install(ctx, out)
	if err != nil {
		return err
	}
	if url == "" {
		signing, stop := context.WithCancel(ctx)
		started, ended, err := serve(signing)
		if err != nil {
			stop()
			return err
		}
		defer func() { stop(); <-ended }()
		url = started
	}
	checks, err := client.Run(ctx, url, epoch)
	if err != nil {
		return err
	}
	return report(out, checks)
}

// key is an arbitrary one.
const key = "0000000000000000000000000000000000000000000000000000000000000007"

// serve starts a signer on a free port, until ctx ends.
func serve(ctx context.Context) (url string, ended <-chan error, err error) {
	config, err := service.ParseConfig([]byte(`{"network":"` + lodestar.Network + `","fixture":{"secret_keys":["` + key + `"]}}`))
	if err != nil {
		return "", nil, err
	}
	config.Server.Port, config.Metrics.Port = 0, 0
	signer, err := service.New(ctx, config, service.Dependencies{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", nil, err
	}
	api, metrics, err := service.Open(ctx, config)
	if err != nil {
		return "", nil, err
	}
	done := make(chan error, 1)
	go func() { done <- signer.Serve(ctx, api, metrics) }()
	return "http://" + api.Addr().String(), done, nil
}

func report(out io.Writer, checks []lodestar.Check) error {
	failed := 0
	for _, c := range checks {
		word := "ok  "
		if !c.OK {
			word = "FAIL"
			failed++
		}
		fmt.Fprintf(out, "%s %-32s %4.0f ms %s\n", word, c.Name, c.Millis, c.Detail)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(checks))
	}
	return nil
}
