package lifecycle

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTable holds the table to what it promises: every state is known, is reached, and
// leads to an end; only ends are final.
func TestTable(t *testing.T) {
	reached := map[State]bool{Preflight: true}
	for _, from := range States() {
		for _, to := range next[from] {
			reached[to] = true
			if !slices.Contains(States(), to) {
				t.Errorf("%s leads to %s, which is no state", from, to)
			}
			if from.CanBecome(from) {
				t.Errorf("%s follows itself", from)
			}
		}
		if final := from == Stopped || from == Failed; from.Final() != final {
			t.Errorf("%s is final: %v", from, from.Final())
		}
		if !from.Final() && !from.CanBecome(Failed) {
			t.Errorf("%s cannot fail", from)
		}
		if !from.Final() && from != Draining && !from.CanBecome(Draining) {
			t.Errorf("%s cannot be told to end", from)
		}
	}
	for _, s := range States() {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
	if len(States()) != len(next) {
		t.Errorf("%d states, %d in the table", len(States()), len(next))
	}
}

// TestLife: a line and a call for each transition, and none for one that is refused.
func TestLife(t *testing.T) {
	var out bytes.Buffer
	var seen []State
	m := New(slog.New(slog.NewJSONHandler(&out, nil)), func(x Transition) { seen = append(seen, x.To) })
	life := []State{Starting, Booting, Bootstrapping, Ready, Draining, Stopped}
	for _, to := range life {
		if err := m.Become(to, "a test"); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Become(Failed, "too late"); err == nil || !strings.Contains(err.Error(), "failed cannot follow stopped") {
		t.Errorf("after the end: %v", err)
	}
	if diff := cmp.Diff(life, seen); diff != "" {
		t.Error(diff)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(life) {
		t.Fatalf("%d lines: %s", len(lines), out.String())
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if first["from"] != "preflight" || first["to"] != "starting" || first["reason"] != "a test" || first["seconds"] == nil {
		t.Errorf("first line: %v", first)
	}
}

// TestOneEnd: of many that end the machine at once, one succeeds.
func TestOneEnd(t *testing.T) {
	m := New(slog.New(slog.DiscardHandler), nil)
	var all sync.WaitGroup
	results := make(chan error, 50)
	for range 50 {
		all.Go(func() { results <- m.Become(Failed, "") })
	}
	all.Wait()
	close(results)
	succeeded := 0
	for err := range results {
		if err == nil {
			succeeded++
		}
	}
	if succeeded != 1 || m.State() != Failed {
		t.Errorf("%d succeeded, and it is %s", succeeded, m.State())
	}
}
