package machine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

func TestParseMemory(t *testing.T) {
	table := "MemTotal:         504196 kB\nMemFree:          488000 kB\nMemAvailable:     480004 kB\nHugePages_Total:       0\n"
	if diff := cmp.Diff(&control.Memory{Total: 504196 << 10, Available: 480004 << 10}, parseMemory(table)); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "MemTotal: 1 kB\n", "MemTotal: x kB\nMemAvailable: 1 kB\n", "MemTotal: 1\nMemAvailable: 1\n"} {
		if got := parseMemory(bad); got != nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}
