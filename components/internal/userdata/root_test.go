package userdata

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// makeRoot mounts the fake node's file system at s.Root and moves into it. Of the
// real one there is /usr, read-only, without /usr/local; /proc and /sys are plain
// files, so that nothing reaches the real kernel's settings.
func makeRoot(s space) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := mountTmpfs(s.Root); err != nil {
		return err
	}
	// What an Amazon Linux 2023 node has; /etc/eks/nodeadm.d may be missing.
	for _, dir := range []string{
		"usr", "tmp", "dev", "proc/sys/vm", "sys/module", "etc/alternatives", "etc/udev/rules.d", "etc/systemd/system",
		"etc/modules-load.d", "etc/eks", "var/lib/kubelet", enabledDir, modelDir + "/bin",
	} {
		if err := os.MkdirAll(filepath.Join(s.Root, dir), 0o755); err != nil {
			return err
		}
	}
	err := errors.Join(
		bindReadOnly("/usr", s.Root+"/usr"), mountTmpfs(s.Root+"/usr/local"), os.MkdirAll(s.Root+"/usr/local/sbin", 0o755),
		bindReadOnly("/etc/alternatives", s.Root+"/etc/alternatives"),
		os.WriteFile(s.Root+modelDir+"/binary", nil, 0o755), bindReadOnly(s.Binary, s.Root+modelDir+"/binary"),
		os.WriteFile(s.Root+"/user-data.sh", []byte(s.Script), 0o700),
		os.WriteFile(s.Root+"/proc/sys/vm/compact_memory", nil, 0o600),
		syscall.Mknod(s.Root+"/dev/null", syscall.S_IFCHR|0o666, 1<<8|3),
	)
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		err = errors.Join(err, os.Symlink("usr/"+name, filepath.Join(s.Root, name)))
	}
	err = errors.Join(err, syscall.Chroot(s.Root), os.Chdir("/"))
	if err != nil {
		return err
	}
	return s.Machine.install()
}

func mountTmpfs(path string) error {
	if err := syscall.Mount("userdata-test", path, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mounting a tmpfs on %s: %w", path, err)
	}
	return nil
}

func bindReadOnly(from, to string) error {
	err := syscall.Mount(from, to, "", syscall.MS_BIND, "")
	if err == nil {
		err = syscall.Mount("", to, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	}
	if err != nil {
		return fmt.Errorf("binding %s: %w", from, err)
	}
	return nil
}

// install puts the commands and the kernel's files into the new root.
func (m machine) install() error {
	for name, script := range shellCommands {
		if err := os.WriteFile(modelDir+"/bin/"+name, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			return err
		}
	}
	for name := range goCommands {
		if err := os.Symlink(modelDir+"/binary", modelDir+"/bin/"+name); err != nil {
			return err
		}
	}
	for node := range m.Shape.NUMANodes {
		for _, kib := range m.pageSizes() {
			if err := os.MkdirAll(filepath.Dir(pagesFile(node, kib)), 0o755); err != nil {
				return err
			}
		}
	}
	return m.resetKernel()
}

// save tells the commands what they run on.
func (m machine) save() error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	for name, set := range map[string]bool{"no-package": m.NoPackage, "killed": m.Killed} {
		path := filepath.Join(modelDir, name)
		if err = errors.Join(err, os.RemoveAll(path)); set {
			err = errors.Join(err, os.WriteFile(path, nil, 0o644))
		}
	}
	return errors.Join(err, os.WriteFile(machineFile, data, 0o644))
}
