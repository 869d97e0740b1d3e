package credentials

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

const (
	// interval is how often the files are looked at: the most that a new token is late.
	interval = time.Second
	// pushTimeout limits a push. An enclave that has ended may never answer.
	pushTimeout = 10 * time.Second
	// maxBackoff is the longest time between two tries of a push. It starts with
	// interval and doubles.
	maxBackoff = 30 * time.Second
)

// Watch pushes all files whenever one of them has changed, and once at the beginning:
// a token may have been replaced since the bootstrap read it. A push that fails is tried
// again, with what the files have by then; push itself may count and name its failures,
// and must not keep the files. Watch returns the context's error when that ends, and not
// before; push has a context of ten seconds.
func (s Set) Watch(ctx context.Context, push func(context.Context, []control.File) error) error {
	w := watcher{set: s, push: push, log: s.Logger}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	for {
		if len(s.Files) > 0 {
			w.look(ctx)
		}
		timer := time.NewTimer(w.wait())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

type watcher struct {
	set  Set
	push func(context.Context, []control.File) error
	log  *slog.Logger

	pushed     []control.File // what the enclave has
	unreadable bool           // the last look failed, and was logged
	backoff    time.Duration  // zero unless the last push failed
}

func (w *watcher) wait() time.Duration { return max(w.backoff, interval) }

// look reads the files and pushes them when they differ from what was pushed.
func (w *watcher) look(ctx context.Context) {
	files, err := w.set.Read()
	if err != nil {
		if !w.unreadable {
			w.log.Warn("a token cannot be read; the enclave keeps the one it has", slog.Any("error", err))
		}
		w.unreadable = true
		return
	}
	if w.unreadable {
		w.log.Info("the tokens can be read again")
	}
	w.unreadable = false
	if slices.EqualFunc(files, w.pushed, sameFile) {
		return
	}
	w.deliver(ctx, files)
}

func (w *watcher) deliver(ctx context.Context, files []control.File) {
	within, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	err := w.push(within, files)
	switch {
	case err == nil:
		w.log.Debug("tokens pushed to the enclave", slog.Int("files", len(files)))
		w.pushed, w.backoff = files, 0
	case ctx.Err() == nil:
		w.backoff = min(max(2*w.backoff, interval), maxBackoff)
		w.log.Warn("tokens not pushed to the enclave; it is tried again", slog.Any("error", err), slog.Duration("after", w.backoff))
	}
}

func sameFile(a, b control.File) bool { return a.Path == b.Path && bytes.Equal(a.Content, b.Content) }
