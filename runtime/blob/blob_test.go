package blob

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func read(t *testing.T, c Content) string {
	t.Helper()
	r, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestContent: what is in memory and what is in a file are the same to a reader, as
// often as it is read.
func TestContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := File(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Content{"memory": Bytes([]byte("content")), "file": file} {
		for range 2 {
			if got := read(t, c); got != "content" || c.Size() != 7 {
				t.Errorf("%s: %q of %d bytes", name, got, c.Size())
			}
		}
	}
}

func TestFileRefuses(t *testing.T) {
	for _, path := range []string{t.TempDir(), "/dev/null", filepath.Join(t.TempDir(), "none")} {
		if _, err := File(path); err == nil {
			t.Errorf("%s was taken for a file", path)
		}
	}
}
