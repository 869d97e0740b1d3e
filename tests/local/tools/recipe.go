package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Recipe is something big that is no Go program: it is built once and kept in the
// cache under a hash of all that it is made from.
type Recipe struct {
	// Name is the start of the folder's name in the cache.
	Name string
	// What it is and how long the first build takes, roughly: for progress lines.
	What, Takes string
	// Inputs is all that the result depends on. A change of any makes another result.
	Inputs []string
	// Build fills dir. Sources and objects go into work, which is removed afterwards.
	// Its messages go through say.
	Build func(ctx context.Context, dir, work string, say Say) error
}

// Say writes a line of progress.
type Say func(format string, args ...any)

// Hash names the result among others of the same name.
func (r Recipe) Hash() string {
	sum := sha256.New()
	for _, input := range r.Inputs {
		_, _ = fmt.Fprintf(sum, "%q\n", input)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// Find returns the folder with the recipe's result, if the cache has it.
func Find(r Recipe) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, r.Name+"-"+r.Hash())
	_, err = os.Stat(dir)
	return dir, err
}

// Cached returns the folder with the recipe's result, and builds it first when the
// cache has none. A build that fails or is interrupted leaves no folder. Of older
// results one is kept, for whoever changes between two branches.
func Cached(ctx context.Context, out io.Writer, r Recipe) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	return cached(ctx, cache, out, r)
}

func cached(ctx context.Context, cache string, out io.Writer, r Recipe) (string, error) {
	dir := filepath.Join(cache, r.Name+"-"+r.Hash())
	if exists(dir) {
		return dir, nil
	}
	unlock, err := lock(ctx, filepath.Join(cache, r.Name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) { // another run built it while we waited
		return dir, nil
	}
	if err := r.build(ctx, dir, func(format string, args ...any) {
		_, _ = fmt.Fprintf(out, format+"\n", args...)
	}); err != nil {
		return "", fmt.Errorf("building %s: %w", r.What, err)
	}
	return dir, prune(cache, r.Name, 2)
}

func (r Recipe) build(ctx context.Context, dir string, say Say) error {
	say("building %s (first time takes about %s)", r.What, r.Takes)
	begin := time.Now()
	// Not with the recipe's name in front: prune would count them. What is there is of
	// a run that was killed; the lock says that it has ended.
	part, work := filepath.Join(filepath.Dir(dir), "part-"+r.Name), filepath.Join(filepath.Dir(dir), "work-"+r.Name)
	for _, temporary := range []string{part, work} {
		if err := os.RemoveAll(temporary); err != nil {
			return err
		}
		if err := os.MkdirAll(temporary, 0o755); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(temporary) }()
	}
	if err := r.Build(ctx, part, work, say); err != nil {
		return err
	}
	if err := os.Rename(part, dir); err != nil {
		return err
	}
	say("built %s in %d s", r.What, int(time.Since(begin).Seconds()))
	return nil
}
