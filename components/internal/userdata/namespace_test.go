package userdata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// spaceVariable tells this binary that it is the first process of a namespace.
const spaceVariable = "USERDATA_TEST_NAMESPACE"

// space is what the process in the namespace is told.
type space struct {
	Root, Binary, Script string
	Machine              machine
	Stages               []stage
}

// stage is one thing that happens to the node, perhaps with other hardware.
type stage struct {
	Command string   // "script" or "boot"
	Machine *machine // nil: as before
}

// outcome is the node after a stage.
type outcome struct {
	OK                       bool
	Output, Console          string
	Pool                     map[int]bool
	Pages                    map[int]map[int]int // by NUMA node and KiB, without zeros
	Fragment                 string
	DeviceMode, DeviceGroup  int
	Seccomp, UdevRule, Units int
}

// runNode plays the stages on a fake node. Its whole file system is a tmpfs of a
// mount namespace, which ends with the process, with /usr bound read-only.
func runNode(t *testing.T, s space) []outcome {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("running the node script needs root and a mount namespace")
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.Root, s.Binary = t.TempDir(), binary
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = []string{spaceVariable + "=" + string(data), "PATH=/model/bin:/usr/local/sbin:/usr/sbin:/usr/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("running the node script needs a mount namespace: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var outcomes []outcome
	if err := json.Unmarshal(out, &outcomes); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	checkUntouched(t, s.Root)
	return outcomes
}

// checkUntouched looks for traces of the fake node on the real system.
func checkUntouched(t *testing.T, root string) {
	t.Helper()
	left, err := os.ReadDir(root)
	if err != nil || len(left) > 0 {
		t.Errorf("the fake node's files are outside of its namespace: %v %v", left, err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || bytes.Contains(mounts, []byte(root)) {
		t.Errorf("a mount of the fake node is left behind (%v)", err)
	}
	for _, path := range []string{"/usr/local/sbin/enclave-check", "/usr/local/sbin/enclave-not-ready", unitDir + "/enclave-check.service", fragment, modelDir} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is on the real system: %v", path, err)
		}
	}
}

// runInNamespace is the process in the namespace.
func runInNamespace(data string) error {
	if err := os.Unsetenv(spaceVariable); err != nil {
		return err
	}
	var s space
	if err := json.Unmarshal([]byte(data), &s); err != nil {
		return err
	}
	if err := makeRoot(s); err != nil {
		return fmt.Errorf("making the fake node: %w", err)
	}
	var outcomes []outcome
	m := s.Machine
	for _, stage := range s.Stages {
		if stage.Machine != nil {
			m = *stage.Machine
		}
		o, err := m.play(stage.Command)
		if err != nil {
			return fmt.Errorf("%s: %w", stage.Command, err)
		}
		outcomes = append(outcomes, o)
	}
	return json.NewEncoder(os.Stdout).Encode(outcomes)
}

func (m machine) play(command string) (o outcome, err error) {
	if err := errors.Join(m.save(), os.WriteFile(console, nil, 0o600)); err != nil {
		return o, err
	}
	cmd := exec.Command("boot")
	if command == "script" {
		cmd = exec.Command("/bin/bash", "/user-data.sh")
	}
	out, err := cmd.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return o, err
	}
	o, failed := m.observe()
	o.OK, o.Output = err == nil, string(out)
	return o, failed
}

func (m machine) observe() (o outcome, err error) {
	o.Pages = map[int]map[int]int{}
	for node := range m.Shape.NUMANodes {
		for _, kib := range m.pageSizes() {
			n, err := m.settle(node, kib)
			if err != nil {
				return o, err
			}
			if n > 0 && o.Pages[node] == nil {
				o.Pages[node] = map[int]int{}
			}
			if n > 0 {
				o.Pages[node][kib] = n
			}
		}
	}
	o.Console, o.Fragment = readText(console), readText(fragment)
	o.Seccomp, o.UdevRule = len(readText(seccompPath)), len(readText("/etc/udev/rules.d/99-zz-containment-chamber.rules"))
	var device syscall.Stat_t
	if syscall.Stat(deviceFile, &device) == nil {
		o.DeviceMode, o.DeviceGroup = int(device.Mode&0o777), int(device.Gid)
	}
	entries, _ := filepath.Glob(enabledDir + "/*")
	o.Units = len(entries)
	o.Pool, err = offline()
	return o, err
}

func readText(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}
