package main

import (
	"context"
	"encoding/json"
	"os"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// config is what the provider resource says.
type config struct {
	kubeconfig, context, namespace string
	// unknown is true in a preview in which the cluster does not exist yet.
	unknown bool
	// mutable kinds are updated in place, not replaced, when their data changes.
	mutableConfigMaps, mutableSecrets bool
}

// CheckConfig accepts the provider's inputs as they are.
func (p *provider) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

// DiffConfig never asks for a replacement of everything: a stack has one cluster.
func (p *provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure takes the configuration. Nothing is contacted here.
func (p *provider) Configure(ctx context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args, err := unmarshal(r.GetArgs())
	if err != nil {
		return nil, err
	}
	p.config = readConfig(args)
	p.cluster = newCluster(p.config)
	p.log.debug(ctx, "kubernetes "+version+": the local stack's stand-in for pulumi-kubernetes, a test fixture")
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

func readConfig(args resource.PropertyMap) config {
	c := config{unknown: args["kubeconfig"].ContainsUnknowns()}
	c.kubeconfig = text(args["kubeconfig"])
	if c.kubeconfig == "" {
		c.kubeconfig = os.Getenv("KUBECONFIG")
	}
	c.context, c.namespace = text(args["context"]), text(args["namespace"])
	c.mutableConfigMaps = flag(args["enableConfigMapMutable"], "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE")
	c.mutableSecrets = flag(args["enableSecretMutable"], "PULUMI_K8S_ENABLE_SECRET_MUTABLE")
	return c
}

// text reads a string, or an object as JSON: a kubeconfig may be given as one.
func text(v resource.PropertyValue) string {
	v = plain(v)
	switch {
	case v.IsString():
		return v.StringValue()
	case v.IsObject() && !v.ContainsUnknowns():
		data, err := json.Marshal(v.MapRepl(nil, unwrap))
		if err != nil {
			return ""
		}
		return string(data)
	default:
		return ""
	}
}

// flag reads a boolean, which the engine may send as a string.
func flag(v resource.PropertyValue, env string) bool {
	v = plain(v)
	if v.IsBool() {
		return v.BoolValue()
	}
	b, err := strconv.ParseBool(text(v))
	if err != nil {
		b, _ = strconv.ParseBool(os.Getenv(env))
	}
	return b
}
