package karpenter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// Version is a minor version of Karpenter for AWS.
type Version string

// The versions whose definitions can be installed. They differ in what matters
// here: only since 1.15 do EC2NodeClasses have spec.enclaveOptions.
const (
	V114 Version = "1.14"
	V115 Version = "1.15"
)

// source is where definitions are: a module that a folder below tests/tools
// requires, and in it a folder with one file for each kind.
type source struct {
	folder, module, dir string
	kinds               []string // group_plural, as the files are called
}

// sources are Karpenter for AWS in that version, and the node class of the kwok
// provider, which comes from the module that we run.
func sources(version Version) []source {
	return []source{
		{
			folder: "crds-karpenter-" + string(version), module: "github.com/aws/karpenter-provider-aws", dir: "pkg/apis/crds",
			kinds: []string{
				"karpenter.sh_nodepools", "karpenter.sh_nodeclaims", "karpenter.sh_nodeoverlays", "karpenter.k8s.aws_ec2nodeclasses",
			},
		},
		{
			folder: "karpenter", module: "sigs.k8s.io/karpenter", dir: "kwok/apis/crds",
			kinds: []string{"karpenter.kwok.sh_kwoknodeclasses"},
		},
	}
}

// InstallCRDs installs the definitions of NodePools, NodeClaims, NodeOverlays and
// EC2NodeClasses as Karpenter for AWS of that version ships them, and KWOKNodeClass.
// It replaces those of another version, and returns when all are served.
func InstallCRDs(ctx context.Context, cp *controlplane.ControlPlane, version Version) error {
	var definitions bytes.Buffer
	for _, s := range sources(version) {
		if err := s.read(ctx, &definitions); err != nil {
			return err
		}
	}
	err := kubectl(ctx, cp, &definitions, "apply", "--server-side", "--force-conflicts", "-f", "-")
	if err != nil {
		return fmt.Errorf("installing Karpenter's definitions: %w", err)
	}
	wait := []string{"wait", "--for=condition=Established", "--timeout=120s"}
	if err := kubectl(ctx, cp, nil, append(wait, names(version)...)...); err != nil {
		return fmt.Errorf("waiting for Karpenter's definitions: %w", err)
	}
	return nil
}

// RemoveCRDs removes the definitions, and all objects of their kinds with them. No
// NodeClaim may be left: without Karpenter nobody takes its finalizer off. It is no
// error when there are no definitions.
func RemoveCRDs(ctx context.Context, cp *controlplane.ControlPlane) error {
	remove := []string{"delete", "--ignore-not-found", "--timeout=120s"}
	if err := kubectl(ctx, cp, nil, append(remove, names(V115)...)...); err != nil {
		return fmt.Errorf("removing Karpenter's definitions: %w", err)
	}
	return nil
}

// read writes the definitions as one stream of YAML documents.
func (s source) read(ctx context.Context, out *bytes.Buffer) error {
	module, err := tools.ModuleFS(ctx, s.folder, s.module)
	if err != nil {
		return err
	}
	for _, kind := range s.kinds {
		data, err := fs.ReadFile(module, path.Join(s.dir, kind+".yaml"))
		if err != nil {
			return fmt.Errorf("reading a definition of %s: %w", s.module, err)
		}
		fmt.Fprintf(out, "---\n%s\n", data)
	}
	return nil
}

// names are the definitions as kubectl takes them: crd/<plural>.<group>. They are
// the same in every version.
func names(version Version) (all []string) {
	for _, s := range sources(version) {
		for _, kind := range s.kinds {
			group, plural, _ := strings.Cut(kind, "_")
			all = append(all, "crd/"+plural+"."+group)
		}
	}
	return all
}

func kubectl(ctx context.Context, cp *controlplane.ControlPlane, stdin io.Reader, args ...string) error {
	cmd := exec.CommandContext(ctx, cp.Kubectl(), args...) //nolint:gosec // the control plane's own
	cmd.Stdin = stdin
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %s: %w\n%s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}
