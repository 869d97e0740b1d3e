package debian

import (
	"strings"
	"testing"
)

func TestPinFile(t *testing.T) {
	pins, err := parsePins(pinFile)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range pins {
		if seen[p.file()] {
			t.Errorf("%s is there twice", p.file())
		}
		seen[p.file()] = true
		if strings.ContainsAny(p.file(), ":/ ") {
			t.Errorf("%q is no name for a file", p.file())
		}
	}
	if _, err := Pins("no-such-package"); err == nil || !strings.Contains(err.Error(), "no-such-package") {
		t.Errorf("an unknown package: %v", err)
	}
}

func TestParsePinsRefuses(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for name, line := range map[string]string{
		"kind":         "rpm a 1 sid " + sum,
		"no digest":    "deb a 1 sid",
		"short digest": "deb a 1 sid " + sum[2:],
		"no hex":       "deb a 1 sid " + sum[2:] + "zz",
		"a word more":  "deb a 1 sid " + sum + " x",
	} {
		t.Run(name, func(t *testing.T) {
			if pins, err := parsePins("# heading\n" + line + "\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("read %v, %v", pins, err)
			}
		})
	}
}
