package userdata

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	unitDir       = "/etc/systemd/system"
	allocatorUnit = "nitro-enclaves-allocator.service"
)

// systemctl is a model of what the script asks of systemd.
func systemctl(m machine, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "enable":
		if _, err := unitText(args[1]); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(enabledDir, args[1]), nil, 0o644)
	case len(args) == 2 && args[0] == "restart":
		return m.start(args[1])
	}
	return fmt.Errorf("the model does not know %q", args)
}

// unitText is a unit with its drop-ins behind it. AWS's own comes with its package.
func unitText(unit string) (string, error) {
	text, err := os.ReadFile(filepath.Join(unitDir, unit))
	if unit == allocatorUnit {
		_, err = os.Stat(packageFile)
		text = []byte("[Unit]\nDefaultDependencies=no\nAfter=sysinit.target\n[Service]\nType=oneshot\n")
	}
	if err != nil {
		return "", fmt.Errorf("unit %s not found: %w", unit, err)
	}
	dropIns, err := filepath.Glob(filepath.Join(unitDir, unit+".d", "*.conf"))
	for _, path := range dropIns {
		more, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		text = append(text, more...)
	}
	return string(text), err
}

// setting is all the values that a unit gives to a key.
func setting(text, key string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			all = append(all, strings.Fields(value)...)
		}
	}
	return all
}

// start runs a oneshot unit, with its output to the console if it says so.
func (m machine) start(unit string) error {
	text, err := unitText(unit)
	if err != nil {
		return err
	}
	var output bytes.Buffer
	if unit == allocatorUnit {
		if err = m.runAllocator(); err != nil {
			fmt.Fprintf(&output, "nitro-enclaves-allocator: %v\n", err)
		}
	} else {
		command := setting(text, "ExecStart")
		if len(command) == 0 {
			return fmt.Errorf("unit %s has no ExecStart", unit)
		}
		run := exec.Command(command[0], command[1:]...)
		run.Stdout, run.Stderr = &output, &output
		err = run.Run()
	}
	if slices.Contains(setting(text, "StandardOutput"), "journal+console") {
		err = errors.Join(err, appendFile(console, output.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("job for %s failed: %w", unit, err)
	}
	return nil
}

func appendFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// boot is a later boot: the kernel has forgotten everything, cloud-init runs no
// user script, and systemd starts what is enabled, in its order.
func (m machine) boot() error {
	if err := m.resetKernel(); err != nil {
		return err
	}
	if module, err := os.ReadFile("/etc/modules-load.d/containment-chamber.conf"); err == nil {
		_ = modprobe(m, strings.Fields(string(module))) // systemd-modules-load only logs it
	}
	entries, err := os.ReadDir(enabledDir)
	if err != nil {
		return err
	}
	var units, last []string
	for _, entry := range entries {
		text, err := unitText(entry.Name())
		if err != nil {
			return err
		}
		before := setting(text, "Before")
		if !slices.Contains(before, "nodeadm-run.service") || !slices.Contains(before, "kubelet.service") {
			return fmt.Errorf("%s is not ordered before kubelet: %q", entry.Name(), before)
		}
		if slices.ContainsFunc(setting(text, "After"), func(u string) bool { return strings.HasSuffix(u, ".service") }) {
			last = append(last, entry.Name())
		} else {
			units = append(units, entry.Name())
		}
	}
	var failed error
	for _, unit := range append(units, last...) {
		failed = errors.Join(failed, m.start(unit)) // After= does not need success
	}
	return failed
}

func (m machine) resetKernel() error {
	err := errors.Join(os.RemoveAll("/sys/module/nitro_enclaves"), os.RemoveAll(deviceFile))
	for node := range m.Shape.NUMANodes {
		for _, kib := range m.pageSizes() {
			err = errors.Join(err, writeInt(pagesFile(node, kib), 0))
		}
	}
	return err
}
