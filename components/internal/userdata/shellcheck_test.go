package userdata

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// innerScript finds the scripts that the node's script writes: to ShellCheck they
// are only text.
var innerScript = regexp.MustCompile(`(?ms)^install_script (\S+) <<'SCRIPT'\n(.*?)^SCRIPT$`)

// TestShellCheck has ShellCheck read every script of every golden document, with all
// of its findings on.
func TestShellCheck(t *testing.T) {
	program, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip("needs shellcheck, which is a package of most distributions")
	}
	for name, spec := range cases() {
		document, err := Render(spec)
		if err != nil {
			t.Fatal(err)
		}
		scripts := map[string]string{"script": parts(t, document)["text/x-shellscript"]}
		for _, inner := range innerScript.FindAllStringSubmatch(scripts["script"], -1) {
			scripts[inner[1]] = inner[2]
		}
		if len(scripts) < 3 {
			t.Errorf("%s has only %d scripts", name, len(scripts))
		}
		for script, text := range scripts {
			t.Run(name+"/"+script, func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), program, "--shell=bash", "--severity=style", "-")
				cmd.Stdin = strings.NewReader(text)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}
