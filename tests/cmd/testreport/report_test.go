package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	for _, tc := range []struct {
		name       string
		in         string
		allowSkips bool
		want       string
		ok         bool
	}{
		{
			"all pass",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"pass","Package":"p","Elapsed":0.2}`,
			false, "pass p (1 tests, 0.2 s)\n1 passed, 0 failed, 0 skipped\n", true,
		},
		{
			"a failure shows its output",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"why\n"}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"pass","Package":"p","Test":"TestB","Elapsed":0.1}
{"Action":"fail","Package":"p","Elapsed":0.2}`,
			false, "FAIL p TestA (0.1 s)\nwhy\nfail p (2 tests, 0.2 s)\n1 passed, 1 failed, 0 skipped\n", false,
		},
		{
			"a skip fails",
			`{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"output","Package":"p","Test":"TestB","Output":"no kernel\n"}
{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0.2}`,
			false, "pass p (2 tests, 0.2 s)\nSKIP p TestB\nno kernel\n1 passed, 0 failed, 1 skipped\n", false,
		},
		{
			"a package that does not build",
			`{"Action":"build-output","ImportPath":"p","Output":"x.go:1: syntax error\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0}`,
			false, "x.go:1: syntax error\nFAIL\tp [build failed]\nfail p (0 tests, 0.0 s)\n0 passed, 1 failed, 0 skipped\n", false,
		},
		{"nothing ran", ``, false, "0 passed, 0 failed, 0 skipped\n", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(tc.in)); err != nil {
				t.Fatal(err)
			}
			ok := r.finish(tc.allowSkips)
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Error(diff)
			}
			if ok != tc.ok {
				t.Errorf("ok is %v", ok)
			}
		})
	}
}
