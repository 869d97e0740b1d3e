package main

import (
	"context"
	"log/slog"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// logger writes to the engine's display. Without an engine (in a test) it writes
// to the program's log.
type logger struct{ engine pulumirpc.EngineClient }

func dialEngine(address string) logger {
	if address == "" {
		return logger{}
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		slog.Error("connecting to the engine", "error", err)
		return logger{}
	}
	return logger{engine: pulumirpc.NewEngineClient(conn)}
}

// status shows a line beside the resource until the next one replaces it.
func (l logger) status(ctx context.Context, urn, message string) {
	l.send(ctx, &pulumirpc.LogRequest{Urn: urn, Message: message, Severity: pulumirpc.LogSeverity_INFO, Ephemeral: true})
}

func (l logger) debug(ctx context.Context, message string) {
	l.send(ctx, &pulumirpc.LogRequest{Message: message, Severity: pulumirpc.LogSeverity_DEBUG})
}

func (l logger) send(ctx context.Context, request *pulumirpc.LogRequest) {
	if l.engine == nil {
		slog.Debug(request.GetMessage(), "urn", request.GetUrn())
		return
	}
	_, _ = l.engine.Log(ctx, request) // a line lost is no reason to fail
}
