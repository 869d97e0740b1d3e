package credentials

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// volume is a projected volume as kubelet keeps it: token is a link to ..data/token, and
// ..data one to a folder of a time, replaced by a rename.
type volume struct {
	t    *testing.T
	root string
	n    int
}

func newVolume(t *testing.T, token string) *volume {
	v := &volume{t: t, root: t.TempDir()}
	v.rotate(token)
	v.must(os.Symlink("..data/token", v.token()))
	return v
}

func (v *volume) token() string { return filepath.Join(v.root, "token") }

func (v *volume) rotate(token string) {
	v.n++
	folder := fmt.Sprintf("..2026_11_24_%d", v.n)
	v.must(os.Mkdir(filepath.Join(v.root, folder), 0o700))
	v.must(os.WriteFile(filepath.Join(v.root, folder, "token"), []byte(token), 0o600))
	old, _ := os.Readlink(filepath.Join(v.root, "..data"))
	v.must(os.Symlink(folder, filepath.Join(v.root, "..data_tmp")))
	v.must(os.Rename(filepath.Join(v.root, "..data_tmp"), filepath.Join(v.root, "..data")))
	if old != "" {
		v.must(os.RemoveAll(filepath.Join(v.root, old)))
	}
}

func (v *volume) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// push is one call of the enclave.
type push struct {
	after time.Duration
	token string
}

// recorder stands in for the enclave, and fails as often as it is told.
type recorder struct {
	start  time.Time
	fail   int
	pushes []push
}

func (r *recorder) push(ctx context.Context, files []control.File) error {
	if _, ok := ctx.Deadline(); !ok {
		return errors.New("a push without a deadline")
	}
	r.pushes = append(r.pushes, push{time.Since(r.start), string(files[0].Content)})
	if r.fail > 0 {
		r.fail--
		return errors.New("the guest is away")
	}
	return nil
}

// watch runs Watch beside a test, in a bubble whose time is not real.
func watch(t *testing.T, set Set, r *recorder, test func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	r.start = time.Now()
	go func() { ended <- set.Watch(ctx, r.push) }()
	test()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch ended with %v", err)
	}
}

func TestWatchPushesRotatedTokens(t *testing.T) {
	v := newVolume(t, "first")
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		watch(t, Set{Files: []string{v.token()}}, &r, func() {
			time.Sleep(2500 * time.Millisecond)
			v.rotate("second")
			time.Sleep(time.Hour)
			v.rotate("third")
			v.rotate("fourth")
			time.Sleep(10 * time.Second)
		})
		want := []push{{0, "first"}, {3 * time.Second, "second"}, {time.Hour + 3*time.Second, "fourth"}}
		if diff := cmp.Diff(want, r.pushes, cmp.AllowUnexported(push{})); diff != "" {
			t.Errorf("pushes (-want +got):\n%s", diff)
		}
	})
}

// TestWatchTriesAgain: with growing pauses, and with what the file has by then.
func TestWatchTriesAgain(t *testing.T) {
	v := newVolume(t, "first")
	synctest.Test(t, func(t *testing.T) {
		r := recorder{fail: 8}
		watch(t, Set{Files: []string{v.token()}}, &r, func() {
			time.Sleep(4500 * time.Millisecond) // never when Watch looks
			v.rotate("second")
			time.Sleep(5 * time.Minute)
			v.rotate("third")
			time.Sleep(2 * time.Second)
		})
		var after []int
		for _, p := range r.pushes {
			after = append(after, int(p.after.Seconds()))
		}
		if diff := cmp.Diff([]int{0, 1, 3, 7, 15, 31, 61, 91, 121, 305}, after); diff != "" {
			t.Errorf("seconds (-want +got):\n%s", diff)
		}
		if got := r.pushes[3].token; got != "second" {
			t.Errorf("the push after the rotation had %q", got)
		}
	})
}

// TestWatchSurvivesUnreadable: the enclave keeps its token, and one line says so.
func TestWatchSurvivesUnreadable(t *testing.T) {
	v := newVolume(t, "first-SECRET")
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		var lines bytes.Buffer
		set := Set{Files: []string{v.token()}, Logger: slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))}
		watch(t, set, &r, func() {
			time.Sleep(1500 * time.Millisecond)
			v.rotate("")
			time.Sleep(time.Minute)
			v.rotate(strings.Repeat("SECRET", MaxTokenBytes))
			time.Sleep(time.Minute)
			v.rotate("second-SECRET")
			time.Sleep(2 * time.Second)
		})
		if len(r.pushes) != 2 || r.pushes[1].token != "second-SECRET" {
			t.Errorf("%d pushes", len(r.pushes))
		}
		text := lines.String()
		if strings.Count(text, "cannot be read;") != 1 || !strings.Contains(text, "can be read again") || strings.Contains(text, "SECRET") {
			t.Errorf("log:\n%s", text)
		}
	})
}

// TestWatchWithoutFiles waits for the end of its context.
func TestWatchWithoutFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		watch(t, Set{}, &r, func() { time.Sleep(time.Hour) })
		if len(r.pushes) != 0 {
			t.Error("something was pushed")
		}
	})
}

// TestWatchInRealTime has no clock of a test: a rotation arrives while others follow.
func TestWatchInRealTime(t *testing.T) {
	v := newVolume(t, "0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := make(chan string)
	ended := make(chan error, 1)
	go func() {
		ended <- Set{Files: []string{v.token()}}.Watch(ctx, func(ctx context.Context, files []control.File) error {
			select {
			case got <- string(files[0].Content):
			case <-ctx.Done():
			}
			return ctx.Err()
		})
	}()
	if first := <-got; first != "0" {
		t.Errorf("first %q", first)
	}
	for i := range 200 {
		v.rotate(fmt.Sprint(i + 1))
	}
	for last := ""; last != "200"; {
		select {
		case last = <-got:
		case <-time.After(time.Minute):
			t.Fatal("the last token does not arrive")
		}
	}
	cancel()
	<-ended
}

func TestReadErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "token")
	for name, path := range map[string]string{"missing": missing, "a folder": t.TempDir()} {
		_, err := Set{Files: []string{path}}.Read()
		if err == nil || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (Set{Files: []string{missing}}).Read(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error: %v", err)
	}
	v := newVolume(t, "token")
	want := []control.File{{Path: v.token(), Content: []byte("token"), Mode: 0o400}}
	got, err := Set{Files: []string{v.token()}}.Read()
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
