package tools

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestHashModuleSeesEveryInput(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module x\n")
	write(t, filepath.Join(dir, "main.go"), "package main\n")
	seen := map[string]string{}
	step := func(what string, extra ...string) {
		t.Helper()
		hash, err := hashModule(dir, extra...)
		if err != nil {
			t.Fatal(err)
		}
		if before := seen[hash]; before != "" {
			t.Errorf("%s has the hash of %s", what, before)
		}
		seen[hash] = what
	}
	step("the start", "flags")
	step("other flags", "other")
	write(t, filepath.Join(dir, "main.go"), "package main // changed\n")
	step("a changed source", "flags")
	write(t, filepath.Join(dir, "go.sum"), "x\n")
	step("a new go.sum", "flags")
}

func TestPruneKeepsTheNewest(t *testing.T) {
	cache := t.TempDir()
	for i, name := range []string{"kube-one-a", "kube-one-b", "kube-one-c", "pulumi-a"} {
		write(t, filepath.Join(cache, name, "binary"), "")
		when := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(filepath.Join(cache, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(cache, "kube-one", 2); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(cache, "*"))
	var names []string
	for _, path := range left {
		names = append(names, filepath.Base(path))
	}
	if got := strings.Join(names, " "); got != "kube-one-b kube-one-c pulumi-a" {
		t.Errorf("left: %s", got)
	}
}

func TestLockWaitsForItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("second lock: %v, want it to wait until it is cancelled", err)
	}
	unlock()
	again, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestReadVerbose(t *testing.T) {
	out := "go: downloading k8s.io/api v0.37.2\nk8s.io/api/core/v1\nk8s.io/api/apps/v1\n" +
		"# example.com/x\n./x.go:3:2: undefined: y\n"
	var done atomic.Int64
	trouble := readVerbose(strings.NewReader(out), &done)
	if done.Load() != 2 {
		t.Errorf("counted %d packages, want 2", done.Load())
	}
	if got := strings.Join(trouble, "|"); got != "# example.com/x|./x.go:3:2: undefined: y" {
		t.Errorf("trouble: %s", got)
	}
}

func TestLinkReplacesAndRemoves(t *testing.T) {
	dir := t.TempDir()
	plugins := filepath.Join(dir, "plugins")
	for _, names := range []map[string]string{
		{"pulumi-resource-aws": "aws", "pulumi-language-go": "langhost"},
		{"pulumi-resource-aws": "aws2"},
	} {
		if err := link(plugins, dir, names); err != nil {
			t.Fatal(err)
		}
		entries, _ := os.ReadDir(plugins)
		if len(entries) != len(names) {
			t.Errorf("%d entries, want %d", len(entries), len(names))
		}
	}
	at, _ := os.Readlink(filepath.Join(plugins, "pulumi-resource-aws"))
	if at != filepath.Join(dir, "aws2") {
		t.Errorf("points at %s", at)
	}
}

func TestModuleRoot(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Dir(filepath.Dir(here))
	for _, from := range []string{here, want, filepath.Dir(want)} {
		t.Chdir(from)
		if got, err := ModuleRoot(); err != nil || got != want {
			t.Errorf("from %s: %q, %v; want %s", from, got, err, want)
		}
	}
	t.Chdir(t.TempDir())
	if _, err := ModuleRoot(); err == nil {
		t.Error("found a module outside of the repository")
	}
}
