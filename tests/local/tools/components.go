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
	b, err := newBuilder(ctx, out, 1)
	if err != nil {
		return err
	}
	begin := time.Now()
	p := program{pkg: "./components"}
	if err := b.watch(ctx, filepath.Dir(b.root), p, []string{"build", "-v", p.pkg}); err != nil {
		return err
	}
	if took := time.Since(begin); took > every {
		b.say("compiled the components in %d s", int(took.Seconds()))
	}
	return nil
}
