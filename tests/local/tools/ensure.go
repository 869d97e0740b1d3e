package tools

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// cacheName is the folder of this project in the user's cache.
const cacheName = "pulumi-containment-chamber"

// CacheDir is the folder in which everything is kept that can be made again.
func CacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return filepath.Join(base, cacheName), nil
}

// Ensure builds what is missing or out of date and says where everything is.
// Progress goes to out, as plain lines; when all is cached, nothing is written.
func Ensure(ctx context.Context, out io.Writer) (*Set, error) {
	b, err := newBuilder(ctx, out, 4)
	if err != nil {
		return nil, err
	}
	return b.all(ctx)
}

// all runs the four steps in the order in which their failure says most.
func (b *builder) all(ctx context.Context) (set *Set, err error) {
	set = &Set{}
	if set.Pulumi, err = exec.LookPath("pulumi"); err != nil {
		set.OwnPulumi = true
		if set.Pulumi, err = b.big(ctx, pulumiCLI()); err != nil {
			return nil, err
		}
	}
	kube, err := kubeOne(ctx, b.root)
	if err != nil {
		return nil, err
	}
	b.step = 1
	if set.KubeOne, err = b.big(ctx, kube); err != nil {
		return nil, err
	}
	b.step = 2
	if set.KwokModule, err = b.kwokModule(ctx); err != nil {
		return nil, err
	}
	b.step = 3
	return set, b.small(ctx, set)
}

// kwokModule is the folder of kwok in the module cache.
func (b *builder) kwokModule(ctx context.Context) (string, error) {
	dir := filepath.Join(b.root, "tools", "kube")
	find := []string{"list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"}
	path, err := goOutput(ctx, dir, find...)
	if err == nil && path == "" {
		b.say("downloading the modules of the Kubernetes control plane")
		if _, err = goOutput(ctx, dir, "mod", "download", "sigs.k8s.io/kwok"); err == nil {
			path, err = goOutput(ctx, dir, find...)
		}
	}
	if err == nil && path == "" {
		err = fmt.Errorf("the module cache has no sigs.k8s.io/kwok")
	}
	return path, err
}
