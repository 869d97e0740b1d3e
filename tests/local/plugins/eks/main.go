package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/plugins/serve"
)

func main() {
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-eks (local stack):", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, engine string) error {
	dir := os.Getenv(awsstate.DirEnv)
	if dir == "" {
		return fmt.Errorf("%s is not set: it names the directory of the local stack whose cluster is used", awsstate.DirEnv)
	}
	if engine == "" {
		return errors.New("the engine's address is missing: the engine passes it as the first argument")
	}
	conn, err := grpc.NewClient(engine, grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return fmt.Errorf("connecting to the engine: %w", err)
	}
	defer func() { _ = conn.Close() }()
	return serve.Plugin(ctx, engine, os.Stdout, func(s *grpc.Server) {
		pulumirpc.RegisterResourceProviderServer(s, &server{Base: serve.Base{Name: "eks", Version: version}, engine: conn, dir: dir})
	})
}
