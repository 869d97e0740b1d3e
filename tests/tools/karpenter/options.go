package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	kwok "sigs.k8s.io/karpenter/kwok/options"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

// withOptions gives the context what Karpenter's packages look up in it: its
// options, here from our command line, with the defaults of Karpenter's own.
func withOptions(ctx context.Context, s settings) (context.Context, error) {
	if s.kubeconfig == "" || s.instanceTypes == "" {
		return nil, errors.New("-kubeconfig and -instance-types are needed")
	}
	args := []string{
		fmt.Sprintf("--feature-gates=NodeOverlay=%t", s.nodeOverlay),
		"--instance-types-file-path=" + s.instanceTypes,
	}
	flags := &options.FlagSet{FlagSet: flag.NewFlagSet("karpenter", flag.ContinueOnError)}
	parts := []options.Injectable{&options.Options{}, &kwok.Options{}}
	for _, part := range parts {
		part.AddFlags(flags)
	}
	for _, part := range parts {
		if err := part.Parse(flags, args...); err != nil {
			return nil, fmt.Errorf("setting Karpenter's options: %w", err)
		}
		ctx = part.ToContext(ctx)
	}
	return ctx, nil
}
