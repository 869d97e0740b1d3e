package debian

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pinOf writes a file into the store and returns its pin.
func pinOf(t *testing.T, s Store, version, content string) Pin {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	p := Pin{Package: "x", Version: version, Suite: "sid", SHA256: hex.EncodeToString(sum[:])}
	if err := os.WriteFile(filepath.Join(string(s), p.file()), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFindTakesTheFirstPinWithItsDigest(t *testing.T) {
	s := Store(t.TempDir())
	old, changed := pinOf(t, s, "1:1", "old"), pinOf(t, s, "1:2", "new")
	changed.SHA256 = old.SHA256
	missing := Pin{Package: "x", Version: "3", SHA256: old.SHA256}
	if got := s.find([]Pin{missing, changed, old}); got.Version != "1:1" || !strings.HasSuffix(got.Path, "x_1%3a1.deb") {
		t.Errorf("found %v", got)
	}
	if got := s.find([]Pin{missing, changed}); got.Path != "" {
		t.Errorf("found %v", got)
	}
	err := verify(filepath.Join(string(s), changed.file()), changed)
	if err == nil || !strings.Contains(err.Error(), "x 1:2 has the SHA-256") {
		t.Errorf("a changed file: %v", err)
	}
}

func TestWayOutSaysAllThatIsNeeded(t *testing.T) {
	p := Pin{Package: "linux", Version: "6:1", SHA256: "abcd"}
	text := Store("/cache").wayOut(p, "linux | 6.2 | mirror")
	for _, want := range []string{"linux | 6.2 | mirror", "linux_6%3a1.deb", "/cache", "abcd", "pins.txt", "docs/kernel.md"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

// mirror skips the test where there is none.
func mirror(t *testing.T) mirrors {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test fetches a package from Debian's mirror")
	}
	m, err := findMirrors(t.Context())
	if err != nil {
		t.Skipf("this test needs Debian's mirror: %v", err)
	}
	return m
}

// TestDroppedVersions: the next known version is taken, none is an error that says what
// the mirror has, and a file that is not the one that was tried is refused for good.
func TestDroppedVersions(t *testing.T) {
	m := mirror(t)
	pins, err := Pins("seabios")
	if err != nil {
		t.Fatal(err)
	}
	there, dropped, changed := pins[0], pins[0], pins[0]
	dropped.Version, changed.SHA256 = "0.1-1", strings.Repeat("ab", 32)
	a, err := newApt(t.Context(), t.TempDir(), m, pins)
	if err != nil {
		t.Fatal(err)
	}
	s := Store(t.TempDir())
	if got, err := s.first(t.Context(), a, []Pin{dropped, there}); err != nil || got.Version != there.Version {
		t.Errorf("got %v, %v", got, err)
	}
	for want, list := range map[string][]Pin{"seabios | " + there.Version + " | ": {dropped}, "it is not the file": {changed, there}} {
		if _, err := s.first(t.Context(), a, list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}

// TestFetchFromTheMirror takes the smallest package, twice.
func TestFetchFromTheMirror(t *testing.T) {
	mirror(t)
	s := Store(filepath.Join(t.TempDir(), "store"))
	for range 2 { // the second time from the store
		files, err := s.Fetch(t.Context(), t.Logf, "seabios")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := files[0].Unpack(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "usr", "share", "seabios", "bios-microvm.bin")); err != nil {
			t.Error(err)
		}
		left, _ := filepath.Glob(filepath.Join(string(s), "*"))
		if len(left) != 1 {
			t.Errorf("the store holds %v", left)
		}
	}
}
