package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/plugins/serve"
)

func main() {
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-aws (local stack):", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, engine string) error {
	store, err := awsstate.FromEnv()
	if err != nil {
		return err
	}
	return serve.Plugin(ctx, engine, os.Stdout, func(s *grpc.Server) {
		pulumirpc.RegisterResourceProviderServer(s, newServer(store, os.Getenv("AWS_REGION")))
	})
}
