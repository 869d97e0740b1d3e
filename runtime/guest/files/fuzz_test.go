//go:build linux

package files

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzWrite writes to any path, through links that lead out of the root. What is beside
// the root stays as it is, as do the kernel's folders.
func FuzzWrite(f *testing.F) {
	for _, path := range []string{
		"/etc/a", "up/file", "/up/../up/file", "abs/file", "/loop/a", "../outside/secret", "/./..//run/x", "dev/null", "/self/dev/x", "", "/", "\x00", "a/\x00b",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		dir, outside, r := root(t)
		secret := filepath.Join(outside, "secret")
		if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, target := range map[string]string{"up": "../../outside", "abs": outside, "loop": "loop", "self": "/"} {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		err := write(r, path, "content")
		if got, readErr := os.ReadFile(secret); readErr != nil || string(got) != "secret" {
			t.Errorf("%q has changed the secret to %q: %v, %v", path, got, readErr, err)
		}
		for folder, want := range map[string]int{outside: 1, filepath.Dir(dir): 2, filepath.Join(dir, "dev"): 0} {
			if entries, listErr := os.ReadDir(folder); listErr != nil || len(entries) != want {
				t.Errorf("%q: %s has %d entries, want %d: %v", path, folder, len(entries), want, err)
			}
		}
	})
}
