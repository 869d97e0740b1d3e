package kernel

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	text := "# Heading.\n\n# Why A.\nCONFIG_A=y\n# Why the\n# others.\nCONFIG_B=n\nCONFIG_C=\"x=y\"\n\nCONFIG_D=0xdead000000000000\n"
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []Setting{
		{"CONFIG_A", "y", "Why A."},
		{"CONFIG_B", "n", "Why the others."},
		{"CONFIG_C", `"x=y"`, "Why the others."},
		{"CONFIG_D", "0xdead000000000000", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no value":      {"CONFIG_A=\n", `line 1: "CONFIG_A="`},
		"no sign":       {"\nCONFIG_A\n", `line 2: "CONFIG_A"`},
		"other name":    {"A=y\n", `"A=y" is no setting`},
		"leading space": {" CONFIG_A=y\n", "is no setting"},
		"comment":       {"CONFIG_A=y # why\n", `"CONFIG_A=y # why" is no setting`},
		"open string":   {"CONFIG_A=\"\n", "is no setting"},
		"twice":         {"CONFIG_A=y\nCONFIG_A=n\n", "CONFIG_A is set in line 1 already"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	fragment := "CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=\"c\"\nCONFIG_D=4\n"
	tests := map[string]struct {
		config string
		want   []string
	}{
		"as wanted":      {"# CONFIG_B is not set\nCONFIG_A=y\nCONFIG_C=\"c\"\nCONFIG_D=4\nCONFIG_OTHER=y\n", nil},
		"off as a line":  {"CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=\"c\"\nCONFIG_D=4\n", nil},
		"dropped":        {"CONFIG_C=\"c\"\nCONFIG_D=4\n", []string{"CONFIG_A=y is missing"}},
		"selected":       {"CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=\"c\"\nCONFIG_D=4\n", []string{"CONFIG_B=y: wanted off"}},
		"a module":       {"CONFIG_A=m\nCONFIG_C=\"c\"\nCONFIG_D=4\n", []string{"CONFIG_A=m: wanted y"}},
		"other values":   {"CONFIG_A=y\nCONFIG_C=\"d\"\nCONFIG_D=44\n", []string{`CONFIG_C="d": wanted "c"`, "CONFIG_D=44: wanted 4"}},
		"a longer name":  {"CONFIG_AA=y\nCONFIG_C=\"c\"\nCONFIG_D=4\n", []string{"CONFIG_A=y is missing"}},
		"all is wrong":   {"CONFIG_B=y\n", []string{"CONFIG_A=y is", "CONFIG_B=y:", `CONFIG_C="c" is`, "CONFIG_D=4 is"}},
		"empty":          {"", []string{"CONFIG_A=y is", `CONFIG_C="c" is`, "CONFIG_D=4 is"}},
		"not kconfig's":  {"hello\n", []string{"reading the configuration"}},
		"commented away": {"# CONFIG_A=y\nCONFIG_C=\"c\"\nCONFIG_D=4\n", []string{"CONFIG_A=y is missing"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := Check(fragment, tt.config)
			if err == nil {
				if len(tt.want) > 0 {
					t.Fatal("no error")
				}
				return
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Errorf("%d violations, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in:\n%v", want, err)
				}
			}
		})
	}
	if err := Check("A=y\n", ""); err == nil || !strings.Contains(err.Error(), "reading the fragment") {
		t.Errorf("a broken fragment: %v", err)
	}
}
