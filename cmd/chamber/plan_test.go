package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// chamber runs the command as a person would.
func chamber(args ...string) (string, error) {
	var out strings.Builder
	cmd := newCommand("v0.1.0")
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	err := cmd.Execute()
	return out.String(), err
}

// golden compares with a file below testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run `make golden` (-want +got):\n%s", diff)
	}
}

func TestPlanGolden(t *testing.T) {
	for file, args := range map[string]string{
		"plan.txt":      "plan --instance-type m5.2xlarge --enclave-cpus 2 --enclave-memory 1024 --replicas 5",
		"plan.json":     "plan --instance-type c6g.2xlarge --enclave-cpus 1 --enclave-memory 768 --enclaves-per-node 2 --reserve direct -o json",
		"plan-all.txt":  "plan --all --enclave-cpus 8 --enclave-memory 4096",
		"plan-few.txt":  "plan --all --family m7i,c7g --architecture arm64 --limit 0",
		"plan-help.txt": "plan --help",
	} {
		t.Run(file, func(t *testing.T) {
			got, err := chamber(strings.Fields(args)...)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, file, got)
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	for args, want := range map[string]string{
		// The upstream guide's numbers.
		"plan --instance-type m5.xlarge --enclave-cpus 4 --enclave-memory 2048":      "enclaveCpus (4): m5.xlarge can set aside at most 2 of its 4 vCPUs",
		"plan --instance-type t3.large":                                              "cannot run Nitro Enclaves",
		"plan --instance-type nonsense":                                              `instanceType ("nonsense")`,
		"plan --instance-type m5.2xlarge --enclave-memory 512 --enclaves-per-node 2": `or reservation "direct"`,
		"plan --instance-type m5.2xlarge -o yaml":                                    `--output "yaml": use table or json`,
		"plan --instance-type m5.2xlarge --replicas 0":                               "--replicas 0: use 1 or more",
		"plan --all --enclave-cpus 1000":                                             "no known instance type runs this enclave",
		"plan --all --family m55":                                                    `--family "m55": no type of it has enclaves by`,
		"plan --all --family c7gn":                                                   `--family "c7gn": no type of it has enclaves by`,
		"plan --all --architecture arm":                                              `--architecture "arm": use x86_64 or arm64`,
		"plan --all --family m5 --architecture arm64":                                "--family m5 has no instance type for --architecture arm64",
		"plan --instance-type m5.2xlarge --family m5":                                "use them with --all",
		"plan --all --limit -1":                                                      "--limit -1: use 0 for all rows",
		"plan --instance-type c7gn.2xlarge":                                          `use "c7g.2xlarge", "c7gd.2xlarge", or "c6gn.2xlarge"`,
		"plan --instance-type m5.2xlagre":                                            `use "m5.2xlarge"`,
		"plan":                                                                       "instance-type",
	} {
		t.Run(args, func(t *testing.T) {
			out, err := chamber(strings.Fields(args)...)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			if out != "" {
				t.Errorf("printed %q besides", out)
			}
		})
	}
}

// TestPlanAll counts what a limit leaves out, and that JSON leaves nothing out.
func TestPlanAll(t *testing.T) {
	lines := func(args string) []string {
		t.Helper()
		out, err := chamber(strings.Fields("plan --all --enclave-cpus 2 " + args)...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(out), "\n")
	}
	all := lines("--limit 0")
	if len(all) < 800 {
		t.Errorf("only %d types are compared", len(all)-1)
	}
	few := lines("--limit 7")
	if want := fmt.Sprintf("… and %d more; see --limit 0, --family, --architecture", len(all)-1-7); len(few) != 9 || few[8] != want {
		t.Errorf("got %d lines and at the end %q, want %q", len(few), few[len(few)-1], want)
	}
	if n := strings.Count(strings.Join(lines("--limit 7 -o json"), ""), `"instanceType"`); n != len(all)-1 {
		t.Errorf("JSON has %d types, want %d", n, len(all)-1)
	}
}
