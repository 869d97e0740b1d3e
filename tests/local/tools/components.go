package tools

import (
	"context"
	"io"
	"path/filepath"
	"time"
)

// Components compiles the library that the examples import. The language host
// would do so too, but without a word, and the first time takes minutes: AWS's SDK
// is large.
func Components(ctx context.Context, out io.Writer) error {
	return buildOurs(ctx, out, "./components")
}

// Plugin builds the plugin that serves the components to every language into a folder,
// such as a stack's that is on the PATH.
func Plugin(ctx context.Context, out io.Writer, dir string) error {
	return buildOurs(ctx, out, ".", "-o", filepath.Join(dir, "pulumi-resource-containment-chamber"))
}

// buildOurs builds a package of the repository's own module.
func buildOurs(ctx context.Context, out io.Writer, pkg string, args ...string) error {
	b, err := newBuilder(ctx, out, 1)
	if err != nil {
		return err
	}
	begin := time.Now()
	p := program{pkg: pkg}
	if err := b.watch(ctx, filepath.Dir(b.root), p, append(append([]string{"build", "-v"}, args...), pkg)); err != nil {
		return err
	}
	if took := time.Since(begin); took > every {
		b.say("compiled the components in %d s", int(took.Seconds()))
	}
	return nil
}
