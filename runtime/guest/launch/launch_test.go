package launch

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		command, env, settings string
		want                   Spec
	}{
		"ours": {
			"/bin/signer\n--config\n/etc/x y\n\n-v\n", "B=2\nA=1=1\nB=3\n", `{"user":"65532:0","workingDir":"/srv"}` + "\n",
			Spec{Command: []string{"/bin/signer", "--config", "/etc/x y", "", "-v"}, Env: []string{"A=1=1", "B=3"}, User: "65532:0", WorkingDir: "/srv"},
		},
		"of nitro-cli": {"run", "A=\n\n", "", Spec{Command: []string{"run"}, Env: []string{"A="}, WorkingDir: "/"}},
		"little":       {"run\n", "", "{}", Spec{Command: []string{"run"}, Env: []string{}, WorkingDir: "/"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(tc.command), []byte(tc.env), settings(tc.settings))
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func settings(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}

func TestParseRefuses(t *testing.T) {
	for want, tc := range map[string][3]string{
		"/cmd: names no program":                        {"", "", ""},
		"/cmd: has a zero byte":                         {"a\x00b", "", ""},
		"/cmd: is 1048577 bytes, more than 1048576":     {strings.Repeat("x", MaxBytes+1), "", ""},
		"/cmd: has 4097 lines, more than 4096":          {strings.Repeat("x\n", MaxItems+1), "", ""},
		"/env: line 2 is not NAME=value":                {"a", "A=1\nB\n", ""},
		"/env: line 1 is not NAME=value":                {"a", "=1\n", ""},
		`/settings.json: json: unknown field "usr"`:     {"a", "", `{"usr":"x"}`},
		"/settings.json: there is something behind":     {"a", "", `{}{}`},
		`/settings.json: workingDir ("srv"): must be`:   {"a", "", `{"workingDir":"srv"}`},
		"/settings.json: EOF":                           {"a", "", " "},
		"/settings.json: is 1048577 bytes, more than 1": {"a", "", strings.Repeat(" ", MaxBytes+1)},
	} {
		if _, err := Parse([]byte(tc[0]), []byte(tc[1]), settings(tc[2])); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestWithEnv(t *testing.T) {
	spec := Spec{Env: []string{"A=1", "B=2=3"}}
	if diff := cmp.Diff([]string{"A=9", "B=2=3", "C="}, spec.WithEnv(map[string]string{"C": "", "A": "9"})); diff != "" {
		t.Error(diff)
	}
}

func TestProgram(t *testing.T) {
	exists := func(path string) bool { return slices.Contains([]string{"/opt/run", "/bin/run", "relative/run"}, path) }
	for _, tc := range []struct{ command, path, want string }{
		{"/any/where", "", "/any/where"}, {"./run", "", "/srv/run"}, {"run", "", "/bin/run"},
		{"run", "PATH=relative:/none:/opt:/bin", "/opt/run"}, {"run", "PATH=/none", ""}, {"run", "PATH=", ""},
	} {
		spec := Spec{Command: []string{tc.command}, WorkingDir: "/srv"}
		if tc.path != "" {
			spec.Env = []string{tc.path}
		}
		got, err := spec.Program(exists)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%q with %q: %q %v, want %q", tc.command, tc.path, got, err, tc.want)
		}
	}
}

const (
	passwd = "root:x:0:0:root:/root:/bin/sh\n# x:y:9\nsigner:x:1000:1001::/home:/bin/sh\nbroken:x:many:0\n1000:x:7:8::/:\nshort:x\n"
	group  = "root:x:0:\nkeys:x:2000:signer\nbroken:x:-1:\n"
)

func TestLookupUser(t *testing.T) {
	for user, want := range map[string]process.User{
		"": {}, "root": {}, "0": {}, "0:0": {}, "signer": {UID: 1000, GID: 1001}, "65532": {UID: 65532}, "65532:65532": {UID: 65532, GID: 65532},
		"signer:keys": {UID: 1000, GID: 2000}, "signer:5": {UID: 1000, GID: 5}, "1000": {UID: 1000, GID: 8}, "7": {UID: 7, GID: 8},
	} {
		if got, err := LookupUser(user, []byte(passwd), []byte(group)); err != nil || got != want {
			t.Errorf("%q: %+v %v, want %+v", user, got, err, want)
		}
	}
	for _, user := range []string{"nobody", "broken", "short", "signer:nogroup", "signer:broken", ":", ":5", "-1", "+5", "4294967295", "signer:"} {
		if got, err := LookupUser(user, []byte(passwd), []byte(group)); err == nil {
			t.Errorf("%q: %+v", user, got)
		}
	}
}

// FuzzParse: what is accepted can be handed to execve, and no input is one of root that
// names somebody else.
func FuzzParse(f *testing.F) {
	f.Add([]byte("a\nb\n"), []byte("A=1\n"), []byte(`{"user":"1:2","workingDir":"/x"}`))
	f.Add([]byte("a"), []byte(""), []byte("{}"))
	f.Add([]byte("\x00"), []byte("="), []byte("null"))
	f.Fuzz(func(t *testing.T, command, env, settings []byte) {
		spec, err := Parse(command, env, settings)
		if err != nil {
			return
		}
		for _, item := range append(spec.Env, spec.Command...) {
			if strings.ContainsAny(item, "\x00\n") {
				t.Errorf("item %q", item)
			}
		}
		if !strings.HasPrefix(spec.WorkingDir, "/") {
			t.Errorf("working directory %q", spec.WorkingDir)
		}
		user, err := LookupUser(spec.User, []byte(passwd), env)
		if err == nil && user.UID == 0 && spec.User != "" && !strings.HasPrefix(spec.User, "0") && !strings.HasPrefix(spec.User, "root") {
			t.Errorf("the user %q is root", spec.User)
		}
	})
}
