package tools

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

type builder struct {
	root, cache string
	toolchain   string
	out         io.Writer
	step, total int
}

func newBuilder(ctx context.Context, out io.Writer, steps int) (*builder, error) {
	root, err := ModuleRoot()
	if err != nil {
		return nil, err
	}
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	toolchain, err := goOutput(ctx, root, "env", "GOVERSION", "GOOS", "GOARCH")
	if err != nil {
		return nil, err
	}
	return &builder{root: root, cache: cache, out: out, total: steps, toolchain: toolchain}, nil
}

func (b *builder) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.out, "[%d/%d] %s\n", b.step+1, b.total, fmt.Sprintf(format, args...))
}

// big returns the path of the program, and builds it first when the cache has
// none made from the same source.
func (b *builder) big(ctx context.Context, p program) (string, error) {
	module := filepath.Join(b.root, "tools", p.module)
	hash, err := hashModule(module, b.toolchain, p.pkg, p.ldflags)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.cache, p.name+"-"+hash)
	binary := filepath.Join(dir, p.name)
	if exists(binary) {
		return binary, nil
	}
	unlock, err := lock(ctx, filepath.Join(b.cache, p.name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(binary) { // another run built it while we waited
		return binary, nil
	}
	if err := b.build(ctx, p, module, binary); err != nil {
		return "", err
	}
	return binary, prune(b.cache, p.name, 2)
}

func (b *builder) build(ctx context.Context, p program, module, binary string) error {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return fmt.Errorf("creating the cache: %w", err)
	}
	b.say("building %s (first time takes about %s)", p.what, p.takes)
	begin := time.Now()
	temporary := binary + ".part"
	defer func() { _ = os.Remove(temporary) }()
	args := []string{"build", "-v", "-o", temporary, "-ldflags", p.ldflags, p.pkg}
	if err := b.watch(ctx, module, p, args); err != nil {
		return fmt.Errorf("building %s: %w", p.what, err)
	}
	if err := os.Rename(temporary, binary); err != nil {
		return err
	}
	b.say("built %s in %d s", p.what, int(time.Since(begin).Seconds()))
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
