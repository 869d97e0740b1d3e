package tools

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// every is the time between two lines of progress: often enough that nobody
// thinks that it hangs, rare enough for a CI log.
const every = 15 * time.Second

// watch runs `go build -v` and says now and then how far it is. With -v the
// command prints each package that it compiles, but not those that the build
// cache has, so the count may end short of the total. Linking comes last.
func (b *builder) watch(ctx context.Context, dir string, p program, args []string) error {
	packages, err := goOutput(ctx, dir, "list", "-deps", p.pkg)
	if err != nil {
		return err
	}
	total := len(strings.Fields(packages))

	cmd := goCommand(ctx, dir, args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var done atomic.Int64
	begin := time.Now()
	stop := report(func() {
		b.say("  %d s: %d packages compiled, of at most %d", int(time.Since(begin).Seconds()), done.Load(), total)
	})
	trouble := readVerbose(stderr, &done)
	err = cmd.Wait()
	stop()
	if err != nil && len(trouble) > 0 {
		return fmt.Errorf("%w:\n%s", err, strings.Join(trouble, "\n"))
	}
	return err
}

// report calls say at every interval until stop is called.
func report(say func()) (stop func()) {
	quit := make(chan struct{})
	var finished sync.WaitGroup
	finished.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				say()
			}
		}
	})
	return func() {
		close(quit)
		finished.Wait()
	}
}

// readVerbose counts the package names in the output of `go build -v` and
// returns the lines that are something else: the compiler's complaints.
func readVerbose(r io.Reader, done *atomic.Int64) (trouble []string) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "go: downloading "):
		case line == "" || strings.ContainsAny(line, " \t#:"):
			trouble = append(trouble, line)
		default:
			done.Add(1)
		}
	}
	return trouble[max(0, len(trouble)-40):]
}
