package nodecheck

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestEveryReasonIsKnown reads the reasons that the user data's scripts can give.
func TestEveryReasonIsKnown(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "..", "components", "internal", "userdata")
	reason := regexp.MustCompile(`(?m)(?:^step|\bfail|enclave-not-ready) ([a-z]+)\b`)
	found := map[string]bool{}
	for _, pattern := range []string{"*.sh", "*.tmpl"} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range reason.FindAllSubmatch(script, -1) {
				found[string(match[1])] = true
			}
		}
	}
	delete(found, "check") // the last step, which leaves the reason to the check itself
	for name := range found {
		if verdicts[name].meaning == "" {
			t.Errorf("the reason %q of the user data has no verdict", name)
		}
	}
	for name := range verdicts {
		if !found[name] {
			t.Errorf("the verdict %q is of no reason that the user data gives", name)
		}
	}
}
