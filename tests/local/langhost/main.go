package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/plugins/serve"
)

func main() {
	for _, name := range []string{"tracing", "root", "binary", "buildTarget"} {
		flag.String(name, "", "passed by some engines, not used")
	}
	flag.Parse()
	h := newHost(flag.Arg(0))
	// When the engine dies, so does its call of Run, and the program with it.
	err := serve.Plugin(context.Background(), h.engine, os.Stdout, func(s *grpc.Server) {
		pulumirpc.RegisterLanguageRuntimeServer(s, h)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-go (local stack):", err)
		os.Exit(1)
	}
}
