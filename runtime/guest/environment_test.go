package guest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/launch"
)

func TestEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		image     []string
		bootstrap map[string]string
		want      []string
	}{
		"nobody says it": {
			[]string{"A=1"}, nil, []string{"A=1", "AWS_ACCOUNT_ID_ENDPOINT_MODE=disabled", "AWS_EC2_METADATA_DISABLED=true"},
		},
		"the image does": {
			[]string{"AWS_ACCOUNT_ID_ENDPOINT_MODE=required"}, map[string]string{"A": "2"},
			[]string{"A=2", "AWS_ACCOUNT_ID_ENDPOINT_MODE=required", "AWS_EC2_METADATA_DISABLED=true"},
		},
		"the parent does": {
			[]string{"AWS_ACCOUNT_ID_ENDPOINT_MODE=required"}, map[string]string{"AWS_ACCOUNT_ID_ENDPOINT_MODE": "preferred", "AWS_EC2_METADATA_DISABLED": ""},
			[]string{"AWS_ACCOUNT_ID_ENDPOINT_MODE=preferred", "AWS_EC2_METADATA_DISABLED="},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, environment(launch.Spec{Env: c.image}, c.bootstrap)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
