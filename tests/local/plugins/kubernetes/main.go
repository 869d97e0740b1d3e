// Command kubernetes is the local stack's stand-in for pulumi-resource-kubernetes:
// a test fixture, not a replacement of the real provider.
//
// It does for real what programs rely on: objects are applied to a real
// apiserver by server-side apply with strict field validation, rollouts are
// awaited, names are generated, diffs and replacements follow the real
// provider's rules, previews need no cluster, secrets stay secret. It knows no
// Helm charts, YAML files, Patch resources or functions, and awaits nothing but
// Deployments, DaemonSets, Namespaces and what the annotation pulumi.com/waitFor
// asks for.
package main

import (
	"context"
	"fmt"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/plugins/serve"
)

func main() {
	engine := ""
	if len(os.Args) > 1 {
		engine = os.Args[len(os.Args)-1]
	}
	err := serve.Plugin(context.Background(), engine, os.Stdout, func(s *grpc.Server) {
		pulumirpc.RegisterResourceProviderServer(s, newProvider(dialEngine(engine)))
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-kubernetes (test fixture):", err)
		os.Exit(1)
	}
}
