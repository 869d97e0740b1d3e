package kernel

import (
	"slices"
	"strings"
	"testing"
)

// needed is what an enclave cannot do without, whatever else is changed: the
// console, the ramdisk, the devices and the parent.
var needed = []string{
	"CONFIG_BLK_DEV_INITRD", "CONFIG_DEVTMPFS", "CONFIG_NSM", "CONFIG_SERIAL_8250_CONSOLE",
	"CONFIG_VIRTIO_MMIO", "CONFIG_VIRTIO_VSOCKETS",
}

// keptOut is what would let something in, or let keys out.
var keptOut = []string{
	"CONFIG_BPF_SYSCALL", "CONFIG_COREDUMP", "CONFIG_DEVMEM", "CONFIG_IO_URING", "CONFIG_KEXEC", "CONFIG_MODULES",
	"CONFIG_NETDEVICES", "CONFIG_PCI",
}

func TestFragment(t *testing.T) {
	for _, a := range []Architecture{X8664, ARM64} {
		t.Run(string(a), func(t *testing.T) {
			text, err := Fragment(a)
			if err != nil {
				t.Fatal(err)
			}
			settings, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			values := map[string]string{}
			for _, s := range settings {
				values[s.Name] = s.Value
				if s.Value == "m" {
					t.Errorf("%s is a module; there are none", s.Name)
				}
				if s.Reason == "" {
					t.Errorf("nothing says why %s=%s", s.Name, s.Value)
				}
			}
			for value, names := range map[string][]string{"y": needed, "n": keptOut} {
				for _, name := range names {
					if values[name] != value {
						t.Errorf("%s is %q, want %s", name, values[name], value)
					}
				}
			}
		})
	}
	if _, err := Fragment("riscv"); err == nil || !strings.Contains(err.Error(), `"riscv"`) {
		t.Errorf("an unknown architecture: %v", err)
	}
}

// TestArchitecturesDiffer: what both have belongs into the common part.
func TestArchitecturesDiffer(t *testing.T) {
	var lists [3][]string
	for i, text := range []string{common, x8664, arm64} {
		settings, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range settings {
			lists[i] = append(lists[i], s.Name)
		}
	}
	for i, list := range lists {
		for _, other := range lists[i+1:] {
			for _, name := range list {
				if slices.Contains(other, name) {
					t.Errorf("%s is in two files", name)
				}
			}
		}
	}
}

// TestCommandLine: it is measured, and QEMU and the hypervisor add to it without a
// blank in front.
func TestCommandLine(t *testing.T) {
	if CommandLine != strings.Join(strings.Fields(CommandLine), " ") {
		t.Errorf("%q has blanks or line ends where they only change the measurement", CommandLine)
	}
	for _, parameter := range []string{"reboot=", "panic=", "console=ttyS0"} {
		if !strings.Contains(CommandLine, parameter) {
			t.Errorf("%q lacks %s", CommandLine, parameter)
		}
	}
}
