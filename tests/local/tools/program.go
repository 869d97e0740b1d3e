package tools

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
)

// program is a big program with a module of its own below tests/tools.
type program struct {
	name    string
	what    string // for the progress line
	takes   string // how long the first build takes, roughly
	module  string // folder below tests/tools
	pkg     string // what to build
	ldflags string
}

// pulumiCLI is the Pulumi command line at the version of tests/tools/pulumi.
func pulumiCLI() program {
	return program{
		name: "pulumi", what: "the Pulumi CLI", takes: "6 minutes", module: "pulumi",
		pkg: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", ldflags: "-s -w",
	}
}

// kubeOne is the control plane. Kubernetes takes its own version from the
// linker; without it kubectl cannot tell what it talks to.
func kubeOne(ctx context.Context, root string) (program, error) {
	dir := filepath.Join(root, "tools", "kube")
	version, err := goOutput(ctx, dir, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return program{}, fmt.Errorf("reading the Kubernetes version: %w", err)
	}
	return program{
		name: "kube-one", what: "the Kubernetes control plane", takes: "10 minutes", module: "kube",
		pkg: ".", ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=" + version,
	}, nil
}

// yamlHost is the language host for programs in YAML, which a Pulumi CLI of the
// user's brings along and ours does not.
func yamlHost() program {
	return program{
		name: "pulumi-language-yaml", what: "the YAML language host", takes: "1 minute", module: "pulumi",
		pkg: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml", ldflags: "-s -w",
	}
}

// linter is golangci-lint at the version of tests/tools/lint. It is no part of
// the stack, but kept in the same way.
func linter() program {
	return program{
		name: "golangci-lint", what: "golangci-lint", takes: "2 minutes", module: "lint",
		pkg: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint", ldflags: "-s -w",
	}
}

// KarpenterKwok is the name of Karpenter for Program. It is no part of the Set:
// only tests need it.
const KarpenterKwok = "karpenter-kwok"

// karpenter is Karpenter's core with a cloud provider that needs no cloud.
func karpenter() program {
	return program{
		name: KarpenterKwok, what: "Karpenter with its kwok provider", takes: "3 minutes", module: "karpenter",
		pkg: ".", ldflags: "-s -w",
	}
}

// Program builds one of the big programs, if the cache has none, and returns its
// path: "pulumi", "pulumi-language-yaml", "kube-one", "karpenter-kwok" or
// "golangci-lint".
func Program(ctx context.Context, out io.Writer, name string) (string, error) {
	b, err := newBuilder(ctx, out, 1)
	if err != nil {
		return "", err
	}
	kube, err := kubeOne(ctx, b.root)
	if err != nil {
		return "", err
	}
	for _, p := range []program{pulumiCLI(), yamlHost(), kube, karpenter(), linter()} {
		if p.name == name {
			return b.big(ctx, p)
		}
	}
	return "", fmt.Errorf("no program %q is built here", name)
}
