package userdata

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// containerdDefault is the profile that containerd gives to a container without
// capabilities, from containerd's own code.
func containerdDefault(t *testing.T) []seccompRule {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test builds a part of containerd")
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir = filepath.Join("..", "..", "..", "tests", "tools", "seccomp")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("printing containerd's profile: %v", err)
	}
	var profile struct {
		DefaultAction string        `json:"defaultAction"`
		Syscalls      []seccompRule `json:"syscalls"`
	}
	if err := json.Unmarshal(out, &profile); err != nil {
		t.Fatal(err)
	}
	if profile.DefaultAction != "SCMP_ACT_ERRNO" || len(profile.Syscalls) < 5 {
		t.Fatalf("that is no allow-list: %s, %d rules", profile.DefaultAction, len(profile.Syscalls))
	}
	return profile.Syscalls
}

// allows tells whether a call with this first argument passes the rules. nil stands
// for any arguments.
func allows(rules []seccompRule, name string, first *int) bool {
	return slices.ContainsFunc(rules, func(r seccompRule) bool {
		if r.Action != "SCMP_ACT_ALLOW" || !slices.Contains(r.Names, name) {
			return false
		}
		return len(r.Args) == 0 || first != nil && len(r.Args) == 1 && r.Args[0].passes(*first)
	})
}

// passes is libseccomp's comparison of a call's argument with a rule's.
func (a seccompArg) passes(value int) bool {
	switch a.Op {
	case "SCMP_CMP_EQ":
		return value == a.Value
	case "SCMP_CMP_LT":
		return value < a.Value
	case "SCMP_CMP_GT":
		return value > a.Value
	case "SCMP_CMP_MASKED_EQ":
		return value&a.Value == a.ValueTwo
	}
	return false
}

// TestSeccompWithinContainerdsDefault: the profile allows nothing that containerd's
// default does not, with the one exception that it is there for.
func TestSeccompWithinContainerdsDefault(t *testing.T) {
	theirs := containerdDefault(t)
	for _, name := range allowed {
		if !allows(theirs, name, nil) {
			t.Errorf("containerd's default refuses %s", name)
		}
	}
	for _, family := range families {
		if got, want := allows(theirs, "socket", &family), family != vsock; got != want {
			t.Errorf("containerd's default allows socket(%d): %v", family, got)
		}
	}
	for _, flags := range []int{0, 0x10000000, 0x20000, 0x7e020000, 0x3d0f00} { // threads and each kind of namespace
		ours, theirs := allows(seccompRules(), "clone", &flags), allows(theirs, "clone", &flags)
		if ours && !theirs {
			t.Errorf("containerd's default refuses clone(%#x)", flags)
		}
	}
	if threads := 0x3d0f00; !allows(seccompRules(), "clone", &threads) {
		t.Error("no thread can be made")
	}
}
