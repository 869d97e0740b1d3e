package process

import (
	"context"
	"encoding/json"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	tests := map[string]struct {
		line, want string
		fails      bool
	}{
		"ordinary":         {line: "7 (sleep) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0", want: "4711"},
		"brackets in name": {line: "7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0", want: "4711"},
		"zombie":           {line: "7 (sleep) Z 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0", fails: true},
		"short":            {line: "7 (sleep) S 1", fails: true},
		"no name":          {line: "", fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(tt.line)
			if (err != nil) != tt.fails || got != tt.want {
				t.Errorf("parseStat = %q, %v; want %q, failure %v", got, err, tt.want, tt.fails)
			}
		})
	}
}

func TestStartAndStop(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := dir.Start(Spec{Name: "sleeper", Path: "/bin/sleep", Args: []string{"600"}}); err != nil {
		t.Fatal(err)
	}
	if !dir.Running("sleeper") {
		t.Fatal("not running after Start")
	}
	if err := dir.Stop(t.Context(), "sleeper", time.Minute); err != nil {
		t.Fatal(err)
	}
	if dir.Running("sleeper") || len(dir.Names()) != 0 {
		t.Error("still there after Stop")
	}
	if err := dir.Stop(t.Context(), "sleeper", time.Minute); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
}

func TestStopKillsWhatIgnoresTerm(t *testing.T) {
	dir := Dir(t.TempDir())
	script := "trap '' TERM; echo ready; while :; do sleep 0.1; done"
	if err := dir.Start(Spec{Name: "stubborn", Path: "/bin/sh", Args: []string{"-c", script}}); err != nil {
		t.Fatal(err)
	}
	for dir.Tail("stubborn", 1) != "ready" {
		time.Sleep(10 * time.Millisecond)
	}
	if err := dir.Stop(t.Context(), "stubborn", 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if dir.Running("stubborn") {
		t.Error("still running")
	}
}

func TestStopWorksWhenTheContextHasEnded(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := dir.Start(Spec{Name: "sleeper", Path: "/bin/sleep", Args: []string{"600"}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := dir.Stop(ctx, "sleeper", time.Minute); err != nil || dir.Running("sleeper") {
		t.Errorf("stopping: %v, running %v", err, dir.Running("sleeper"))
	}
}

// TestAReusedIDIsNotTouched writes our own id with another start time: Stop must
// not send this test a signal.
func TestAReusedIDIsNotTouched(t *testing.T) {
	dir := Dir(t.TempDir())
	data, _ := json.Marshal(identity{PID: syscall.Getpid(), Started: "long ago"})
	if err := os.WriteFile(dir.pidFile("other"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dir.Stop(t.Context(), "other", time.Second); err != nil {
		t.Fatal(err)
	}
	if len(dir.Names()) != 0 {
		t.Error("the stale pid file is still there")
	}
}
