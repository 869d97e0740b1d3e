package debian

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadMirrors(t *testing.T) {
	const all = "http://a/debian bookworm main\nhttp://a/debian bookworm-updates main\nhttp://b/sec bookworm-security main\n" +
		"https://other bookworm contrib\nhttps://vendor bookworm-stable main\n"
	tests := map[string]struct {
		targets, codename string
		want              mirrors
		fails             bool
	}{
		"usual":       {targets: all, codename: "bookworm", want: mirrors{"http://a/debian", "http://b/sec"}},
		"no security": {targets: "http://a/debian bookworm main\n", codename: "bookworm", fails: true},
		"other":       {targets: all, codename: "trixie", fails: true},
		"none":        {codename: "bookworm", fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readMirrors(tt.targets, tt.codename)
			if (err != nil) != tt.fails {
				t.Fatalf("error %v", err)
			}
			if err == nil && got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "os-release")
	tests := map[string]struct {
		content, want string
	}{
		"debian": {"NAME=\"Debian\"\nVERSION_CODENAME=bookworm\nID=debian\n", "bookworm"},
		"quoted": {"VERSION_CODENAME=\"trixie\"\nID=\"debian\"\n", "trixie"},
		"ubuntu": {"VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n", ""},
		"sid":    {"ID=debian\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := release(path)
			if got != tt.want || (err != nil) != (tt.want == "") || err != nil && !errors.Is(err, errNotDebian) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	if _, err := release(path + ".none"); !errors.Is(err, errNotDebian) {
		t.Errorf("no file: %v", err)
	}
}

func TestSources(t *testing.T) {
	m := mirrors{"http://a/debian", "http://b/sec"}
	got := sources(m, []Pin{
		{Suite: "bookworm-security"}, {Suite: "bookworm-backports", Source: true}, {Suite: "bookworm-backports"}, {Suite: "bookworm-security"},
	})
	want := []string{
		"deb [signed-by=" + keyring + "] http://b/sec bookworm-security main",
		"deb-src [signed-by=" + keyring + "] http://a/debian bookworm-backports main",
		"deb [signed-by=" + keyring + "] http://a/debian bookworm-backports main",
	}
	if got != strings.Join(want, "\n")+"\n" {
		t.Errorf("got:\n%s", got)
	}
}

func TestReadStatus(t *testing.T) {
	out := "gcc installed 4:12.2.0-3\nbison not-installed \nflex config-files 2.6\nlibelf-dev installed 0.188-2.1\n"
	versions, missing := readStatus(out, []string{"libelf-dev", "bison", "gcc", "flex", "bc"})
	if got := strings.Join(versions, "|"); got != "libelf-dev 0.188-2.1|gcc 4:12.2.0-3" {
		t.Errorf("versions %s", got)
	}
	if got := strings.Join(missing, "|"); got != "bison|flex|bc" {
		t.Errorf("missing %s", got)
	}
}
