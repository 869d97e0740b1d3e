package replay

import (
	"strings"
	"testing"
)

// output is what a test binary writes with -test.v=test2json; ^V marks its lines.
const output = "\x16=== RUN   TestA\n\x16=== RUN   TestA/one\n    a_test.go:1: said by one\n" +
	"\x16=== RUN   TestA/two\n\x16=== NAME  TestA\n    a_test.go:2: said by A\n" +
	"\x16--- FAIL: TestA (0.00s)\n\x16    --- PASS: TestA/one (0.00s)\n\x16    --- SKIP: TestA/two (0.00s)\n" +
	"\x16=== RUN   TestB\n    b_test.go:1: and then the machine was lost\n"

func TestTree(t *testing.T) {
	root, err := parse(t, []byte(output))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var list func(prefix string, r *result)
	list = func(prefix string, r *result) {
		for _, child := range r.children {
			got = append(got, prefix+child.name+" "+child.action+" "+child.text())
			list(prefix+child.name+"/", child)
		}
	}
	list("", root)
	want := []string{
		"TestA fail a_test.go:2: said by A", "TestA/one pass a_test.go:1: said by one", "TestA/two skip ",
		// That it has no end is for replay to tell.
		"TestB  b_test.go:1: and then the machine was lost",
	}
	for i := range got {
		got[i] = strings.Join(strings.Fields(got[i]), " ")
	}
	for i := range want {
		want[i] = strings.Join(strings.Fields(want[i]), " ")
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTreeRefuses(t *testing.T) {
	if _, err := tree([]byte("{}\nnot JSON\n")); err == nil || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("error %v", err)
	}
}

// TestResults: what has passed in the guest passes here.
func TestResults(t *testing.T) {
	Results(t, []byte("\x16=== RUN   TestA\n\x16--- PASS: TestA (0.00s)\n\x16PASS\n"))
}
