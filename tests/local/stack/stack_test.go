package stack

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

func TestRemoveLeavesOtherFoldersAlone(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Remove(t.Context(), dir); err == nil {
		t.Error("accepted a folder that is not a stack's")
	}
	_, err := Start(t.Context(), Options{Dir: dir, Tools: &tools.Set{}})
	if err == nil || !strings.Contains(err.Error(), "left alone") {
		t.Errorf("starting there: %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
	if err := Remove(t.Context(), filepath.Join(dir, "absent")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestAStartThatFailsLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "stack")
	_, err := Start(t.Context(), Options{Dir: dir, Tools: &tools.Set{KubeOne: "/does/not/exist", KwokModule: t.TempDir()}})
	if err == nil {
		t.Fatal("started without programs")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrNone) {
		t.Errorf("opening it: %v", err)
	}
}

// TestStopEndsGuests: what others have started for the stack goes with it.
func TestStopEndsGuests(t *testing.T) {
	s := testStack(t)
	guest := process.Dir(GuestDir(s.Dir, "node"))
	if err := os.MkdirAll(string(guest), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(process.Spec{Name: "holder", Path: "/bin/sleep", Args: []string{"600"}}); err != nil {
		t.Fatal(err)
	}
	pid := guest.PID("holder")
	if pid == 0 {
		t.Fatal("the guest does not run")
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the guest is still there (%v)", err)
	}
	if _, err := os.Stat(s.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func testStack(t *testing.T) *Stack {
	t.Helper()
	dir := t.TempDir()
	s := &Stack{
		Dir: dir, Tools: &tools.Set{Pulumi: "/tools/pulumi/pulumi", Plugins: "/tools/plugins"},
		ControlPlane: controlplane.At(filepath.Join(dir, "kubernetes")),
	}
	if err := os.MkdirAll(s.Bin(), 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEnvReplacesTheCallers(t *testing.T) {
	t.Setenv("PULUMI_ACCESS_TOKEN", "of the caller")
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("KUBECONFIG", "/home/me/.kube/config")
	s := testStack(t)
	joined := "\n" + strings.Join(s.environ(), "\n") + "\n"
	for _, absent := range []string{"of the caller", "production", "/home/me"} {
		if strings.Contains(joined, absent) {
			t.Errorf("the environment has %q", absent)
		}
	}
	for _, present := range []string{
		"\nKUBECONFIG=" + s.Kubeconfig() + "\n", "\nLOCAL_STACK_DIR=" + s.Dir + "\n", "\nAWS_REGION=eu-central-1\n",
		"\nPULUMI_BACKEND_URL=file://" + s.Dir, ":/tools/plugins:/tools/pulumi:",
	} {
		if !strings.Contains(joined, present) {
			t.Errorf("the environment has no %q", present)
		}
	}
}

func TestAWSCommand(t *testing.T) {
	s := testStack(t)
	if err := s.writeAWS("secret"); err != nil {
		t.Fatal(err)
	}
	aws := filepath.Join(s.Bin(), "aws")
	cmd := exec.CommandContext(t.Context(), aws, "--region", "eu-central-1", "eks", "get-token", "--cluster-name", "demo")
	cmd.Env = []string{`KUBERNETES_EXEC_INFO={"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}`}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{},"status":{"token":"secret"}}`
	if strings.TrimSpace(string(out)) != want {
		t.Errorf("got %s", out)
	}
	if err := exec.CommandContext(t.Context(), aws, "s3", "ls").Run(); err == nil {
		t.Error("it claims to know s3")
	}
}
