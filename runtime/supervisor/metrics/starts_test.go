package metrics

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCountStart(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "starts")
	for want := range 3 {
		if got, err := CountStart(path); err != nil || got != want {
			t.Errorf("start %d: %d before, %v", want+1, got, err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("%d files are left: %v", len(left), err)
	}
}

// TestCountStartDamaged begins anew and says so.
func TestCountStartDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "starts")
	for _, content := range []string{"many", "-1", ""} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := CountStart(path); got != 0 || err == nil || !strings.Contains(err.Error(), "has no number of starts") {
			t.Errorf("%q: %d, %v", content, got, err)
		}
		if got, err := CountStart(path); got != 1 || err != nil {
			t.Errorf("after %q: %d, %v", content, got, err)
		}
	}
}

func TestCountStartWithoutAFolder(t *testing.T) {
	got, err := CountStart(filepath.Join(t.TempDir(), "missing", "starts"))
	if got != 0 || err == nil {
		t.Errorf("%d, %v", got, err)
	}
}
