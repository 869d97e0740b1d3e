package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the command start this program in its roles.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-role" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestCompare runs a comparison that is far too short to mean anything.
func TestCompare(t *testing.T) {
	for _, back := range []string{"hybrid", "tcp"} {
		o := options{back: back, folder: t.TempDir(), duration: 10 * time.Millisecond, rounds: 1, megabytes: 1, most: 100}
		out := stdout(t, func() {
			if err := compare(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
		for _, want := range []string{"tcp to " + back, "          1  bridge ", "        100  bridge ", "socat"} {
			if !strings.Contains(out, want) {
				t.Errorf("the table lacks %q:\n%s", want, out)
			}
		}
		if strings.Contains(out, "NaN") || strings.Contains(out, "Inf") {
			t.Errorf("the table has no figures:\n%s", out)
		}
	}
}

func stdout(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = old }()
	out := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		out <- string(b)
	}()
	f()
	_ = w.Close()
	return <-out
}

func TestRowIsTheMedianOfRatios(t *testing.T) {
	bare := []figures{{100, 1, 1, 100, 0}, {10, 1, 1, 100, 0}, {100, 1, 1, 100, 0}}
	with := []figures{{50, 2, 4, 90, 1024}, {4, 2, 8, 80, 2048}, {10, 2, 2, 70, 4096}}
	want := "      0.40     2.00     4.00        0.80              1.0"
	if got := row(bare, with); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestLibraries(t *testing.T) {
	got := libraries("\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n")
	if len(got) != 2 || got["/lib/x86_64-linux-gnu/libc.so.6"] == "" || got["/lib64/ld-linux-x86-64.so.2"] == "" {
		t.Errorf("got %v", got)
	}
}
