package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/node/payload/report"
)

// device is where the device plugin puts the enclave device.
const device = "/dev/nitro_enclaves"

// families are address families of linux/socket.h: the one that the supervisor needs,
// and one that nobody does.
var families = map[string]int{"vsock": 40, "alg": 38, "inet": syscall.AF_INET}

func look() report.Report {
	groups, _ := os.Getgroups()
	r := report.Report{
		UID: os.Getuid(), GID: os.Getgid(), Groups: groups,
		Writes: map[string]string{}, Sockets: map[string]string{},
		Unshare: text(syscall.Unshare(syscall.CLONE_NEWUSER)), Device: text(open(device)),
	}
	status := status()
	r.Capabilities, r.Bounding, r.NoNewPrivs, r.Seccomp = status["CapEff"], status["CapBnd"], status["NoNewPrivs"], status["Seccomp"]
	for _, dir := range []string{"/", contract.SocketsDir, contract.LogsDir, contract.TempDir, contract.ConfigDir} {
		r.Writes[dir] = text(os.WriteFile(filepath.Join(dir, "written"), nil, 0o600))
	}
	for name, family := range families {
		r.Sockets[name] = text(socket(family))
	}
	config, err := os.ReadFile(contract.ConfigDir + "/" + contract.ConfigFile)
	r.Config = string(config) + text(err)
	return r
}

// status is /proc/1/status, of the container's first process.
func status() map[string]string {
	data, _ := os.ReadFile("/proc/1/status")
	values := map[string]string{}
	for line := range strings.SplitSeq(string(data), "\n") {
		name, value, _ := strings.Cut(line, ":")
		values[name] = strings.TrimSpace(value)
	}
	return values
}

func open(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

// socket opens one and closes it: nothing is dialled.
func socket(family int) error {
	kind := syscall.SOCK_STREAM
	if family == families["alg"] {
		kind = syscall.SOCK_SEQPACKET
	}
	fd, err := syscall.Socket(family, kind, 0)
	if err != nil {
		return err
	}
	return syscall.Close(fd)
}

// pages maps memory in pages of 2 MiB and touches each.
func pages(mebibytes int) error {
	const size, hugetlb, log2 = 2 << 20, 0x40000, 21 << 26 // MAP_HUGETLB, MAP_HUGE_2MB
	memory, err := syscall.Mmap(-1, 0, mebibytes<<20, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|hugetlb|log2)
	if err != nil {
		return err
	}
	for at := 0; at < len(memory); at += size {
		memory[at] = 1
	}
	return syscall.Munmap(memory)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
