package main

import (
	"flag"
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
