package tools

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recipe writes its inputs into a file, and counts.
func recipe(builds *int, inputs ...string) Recipe {
	return Recipe{Name: "cake", What: "a cake", Takes: "no time", Inputs: inputs,
		Build: func(_ context.Context, dir, _ string, _ Say) error {
			*builds++
			return os.WriteFile(filepath.Join(dir, "cake"), []byte(strings.Join(inputs, " ")), 0o600)
		}}
}

func TestCachedBuildsOnceForTheSameInputs(t *testing.T) {
	cache, builds := t.TempDir(), 0
	for _, step := range []struct {
		inputs string
		builds int
	}{{"flour", 1}, {"flour", 1}, {"sugar", 2}, {"flour", 2}, {"eggs", 3}, {"eggs", 3}} {
		dir, err := cached(t.Context(), cache, io.Discard, recipe(&builds, step.inputs))
		if err != nil {
			t.Fatal(err)
		}
		data, _ := os.ReadFile(filepath.Join(dir, "cake"))
		if string(data) != step.inputs || builds != step.builds {
			t.Errorf("%s: found %q after %d builds, want %d", step.inputs, data, builds, step.builds)
		}
	}
	left, _ := filepath.Glob(filepath.Join(cache, "*"))
	if len(left) != 3 || filepath.Base(left[2]) != "cake.lock" {
		t.Errorf("left %v, want two cakes and the lock", left)
	}
}

func TestCachedLeavesNothingOfAFailedBuild(t *testing.T) {
	cache := t.TempDir()
	burnt := errors.New("burnt")
	r := Recipe{Name: "cake", What: "a cake", Build: func(_ context.Context, dir, _ string, _ Say) error {
		if err := os.WriteFile(filepath.Join(dir, "half"), nil, 0o600); err != nil {
			return err
		}
		return burnt
	}}
	if _, err := cached(t.Context(), cache, io.Discard, r); !errors.Is(err, burnt) {
		t.Errorf("error %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(cache, "*"))
	if len(left) != 1 || filepath.Base(left[0]) != "cake.lock" {
		t.Errorf("left %v", left)
	}
}

func TestHashSeparatesInputs(t *testing.T) {
	a, b := Recipe{Inputs: []string{"ab", "c"}}, Recipe{Inputs: []string{"a", "bc"}}
	if a.Hash() == b.Hash() {
		t.Error("inputs run into each other")
	}
}

func TestWatch(t *testing.T) {
	c := Command{Dir: t.TempDir(), Env: []string{"SAY=hello", "PATH=" + os.Getenv("PATH")}, Log: filepath.Join(t.TempDir(), "log"),
		Args: []string{"sh", "-c", "echo $SAY; echo trouble >&2; exit 3"}}
	err := Watch(t.Context(), func(string, ...any) {}, c)
	if err == nil || !strings.Contains(err.Error(), "sh -c: exit status 3:\nhello\ntrouble") {
		t.Errorf("error %v", err)
	}
	if data, _ := os.ReadFile(c.Log); string(data) != "hello\ntrouble\n" {
		t.Errorf("log %q", data)
	}
}

// TestWatchEndsChildren: make's compilers must not outlive it.
func TestWatchEndsChildren(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	c := Command{Dir: dir, Log: filepath.Join(dir, "log"),
		// The grandchild holds the output open: without a group, Watch would wait for it.
		Args: []string{"sh", "-c", "sleep 600 & echo started; wait"}}
	go func() {
		for {
			if data, _ := os.ReadFile(c.Log); len(data) > 0 {
				cancel()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if err := Watch(ctx, func(string, ...any) {}, c); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
