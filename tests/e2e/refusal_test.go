package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRefusals: a misspelt or impossible argument gives one clear message and
// creates nothing, in previews as in updates.
func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config map[string]string
		want   string
	}{
		{"impossible CPUs", map[string]string{"instanceType": "m5.xlarge", "enclavesPerNode": "2"}, "m5.xlarge can set aside at most 2 of its 4 vCPUs"},
		{"misspelt instance type", map[string]string{"instanceType": "m5.2xlagre"}, `instanceType ("m5.2xlagre"): is not an instance type that EC2 has in this region; use "m5.2xlarge"`},
		{"EC2 says no", map[string]string{"instanceType": "c7gn.2xlarge"}, `instanceType ("c7gn.2xlarge"): cannot run Nitro Enclaves: EC2's NitroEnclavesSupport is "unsupported"; use "c7g.2xlarge", "c7gd.2xlarge", or "c6gn.2xlarge"`},
		{"no enclaves on it", map[string]string{"instanceType": "t3.large"}, `instanceType ("t3.large"): cannot run Nitro Enclaves`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := map[string]string{"clusterName": "demo"}
			maps.Copy(config, tc.config)
			p := example(t, "existing-cluster-go", config)
			for _, command := range [][]string{{"preview"}, {"up", "--yes", "--skip-preview"}} {
				_, err := run(t, p, command[0], command[1:]...)
				if err == nil {
					t.Fatalf("%s was accepted", command[0])
				}
				if count := strings.Count(err.Error(), tc.want); count != 1 {
					t.Errorf("%s says %q %d times:\n%v", command[0], tc.want, count, err)
				}
				if strings.Contains(err.Error(), "panic") || strings.Contains(err.Error(), "goroutine") {
					t.Errorf("%s shows a stack trace:\n%v", command[0], err)
				}
			}
			left := slices.DeleteFunc(resources(t, p), func(typ string) bool {
				return typ == "pulumi:pulumi:Stack" || strings.HasPrefix(typ, "pulumi:providers:")
			})
			if diff := cmp.Diff([]string{}, left); diff != "" {
				t.Errorf("the failed update has created something (-want +got):\n%s", diff)
			}
		})
	}
}
