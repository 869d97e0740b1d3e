package pod

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/netns"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

// TestStartFails: what goes wrong in the container is said outside, and nothing is left.
func TestStartFails(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	refused := errors.New("refused")
	for name, tc := range map[string]struct {
		spec    Spec
		prepare error
		want    string
	}{
		"no program":  {Spec{Args: []string{"/nowhere"}, UID: 1, GID: 1}, nil, "starting /nowhere: no such file or directory"},
		"no file":     {Spec{Args: []string{"/x"}, Mounts: []Mount{{Source: "/nowhere", Path: "/x"}}}, nil, "/nowhere: no such file or directory"},
		"no address":  {Spec{Args: []string{"/x"}, Addresses: []string{"localhost"}}, nil, "unable to parse IP"},
		"no services": {Spec{Args: []string{"/x"}}, refused, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			p, err := Start(t.Context(), tc.spec, root, func(*netns.Namespace) error { return tc.prepare })
			if errors.Is(err, ErrUnavailable) {
				t.Skip(err)
			}
			if err == nil {
				_ = p.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
				t.Errorf("the container's files are seen outside: %v (%v)", left, err)
			}
		})
	}
}
