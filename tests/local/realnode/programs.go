package realnode

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// Programs says where the node's programs are.
type Programs struct {
	// Dir holds containerd, containerd-shim-runc-v2, ctr, runc and the folder cni.
	Dir string
	// KubeOne is the control plane, the kubelet and its device plugin in one binary.
	KubeOne string
}

// packages are taken as Debian builds them: runc's filter needs C, and containerd's
// own build has no plugins for networks. Its libseccomp is one that apt needs too.
var packages = []string{"runc", "containernetworking-plugins"}

// files are those of packages that are kept.
var files = map[string][]string{
	"runc":                        {"usr/sbin/runc"},
	"containernetworking-plugins": {"usr/lib/cni/bridge", "usr/lib/cni/host-local", "usr/lib/cni/loopback"},
}

// containerd are the packages of tests/tools/containerd that are built.
var containerd = []string{
	"github.com/containerd/containerd/v2/cmd/containerd",
	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
	"github.com/containerd/containerd/v2/cmd/ctr",
}

// Build returns the programs, and builds first what the cache has not. The error is
// debian.ErrUnavailable on a machine that is no Debian on x86_64.
func Build(ctx context.Context, out io.Writer) (Programs, error) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	if _, err := debian.Require(ctx, say, "libseccomp2"); err != nil {
		return Programs{}, fmt.Errorf("building the programs of a node: %w", err)
	}
	kube, err := tools.Program(ctx, out, "kube-one")
	if err != nil {
		return Programs{}, err
	}
	recipe, err := newRecipe()
	if err != nil {
		return Programs{}, err
	}
	dir, err := tools.Cached(ctx, out, recipe)
	return Programs{Dir: dir, KubeOne: kube}, err
}

func newRecipe() (tools.Recipe, error) {
	module, inputs, err := module()
	if err != nil {
		return tools.Recipe{}, err
	}
	for _, name := range packages {
		pins, err := debian.Pins(name)
		if err != nil {
			return tools.Recipe{}, err
		}
		for _, p := range pins {
			inputs = append(inputs, p.SHA256)
		}
	}
	build := func(ctx context.Context, dir, work string, say tools.Say) error {
		if err := unpack(ctx, dir, work, say); err != nil {
			return err
		}
		return compile(ctx, module, dir, work, say)
	}
	return tools.Recipe{Name: "node-runtime", What: "containerd and runc", Takes: "2 minutes", Inputs: inputs, Build: build}, nil
}

// module is the folder of containerd's module and what its programs depend on.
func module() (dir string, inputs []string, err error) {
	root, err := tools.ModuleRoot()
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(root, "tools", "containerd")
	inputs = append([]string{runtime.Version()}, containerd...)
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", nil, err
		}
		inputs = append(inputs, string(data))
	}
	return dir, inputs, nil
}

func unpack(ctx context.Context, dir, work string, say tools.Say) error {
	cache, err := tools.CacheDir()
	if err != nil {
		return err
	}
	debs, err := debian.Store(filepath.Join(cache, "debian")).Fetch(ctx, say, packages...)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "cni"), 0o755); err != nil {
		return err
	}
	for i, name := range packages {
		tree := filepath.Join(work, name)
		if err := debs[i].Unpack(ctx, tree); err != nil {
			return err
		}
		for _, file := range files[name] {
			to := filepath.Join(dir, filepath.Base(file))
			if filepath.Base(filepath.Dir(file)) == "cni" {
				to = filepath.Join(dir, "cni", filepath.Base(file))
			}
			if err := os.Rename(filepath.Join(tree, file), to); err != nil {
				return err
			}
		}
	}
	return nil
}

func compile(ctx context.Context, module, dir, work string, say tools.Say) error {
	return tools.Watch(ctx, say, tools.Command{
		Dir: module, Log: filepath.Join(work, "containerd.log"),
		Env:   append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "PWD="+module),
		Args:  append([]string{"go", "build", "-v", "-ldflags", "-s -w", "-o", dir + "/"}, containerd...),
		Steps: func(_ string, before int64) int64 { return before + 1 }, // -v prints each package
	})
}
