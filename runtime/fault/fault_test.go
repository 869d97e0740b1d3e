package fault

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFaultError(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   Fault
		want string
	}{
		{"number", Fault{"enclaveCpus", 3, "must be even", "use 2 or 4"}, "enclaveCpus (3): must be even; use 2 or 4"},
		{"text", Fault{"image", "", "must not be empty", ""}, `image (""): must not be empty`},
		{"nothing given", Fault{"cluster.name", nil, "is required", ""}, "cluster.name: is required"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.in.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestListReportsAllTogether(t *testing.T) {
	var l List
	if err := l.Err(); err != nil {
		t.Fatalf("an empty list is no error, got %v", err)
	}
	l.Add("a", 1, "must be 2", "")
	if diff := cmp.Diff("a (1): must be 2", l.Err().Error()); diff != "" {
		t.Error(diff)
	}
	l.Join("b", fmt.Errorf("sizing: %w", List{{"b", 3, "must be 4", ""}, {"c", 5, "must be 6", ""}}))
	l.Join("d", errors.New("did not parse"))
	l.Join("e", nil)
	want := "4 invalid arguments:\n  - a (1): must be 2\n  - b (3): must be 4\n  - c (5): must be 6\n  - d: did not parse"
	if diff := cmp.Diff(want, l.Err().Error()); diff != "" {
		t.Error(diff)
	}
}
