package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
)

// look collects the report. The files of the pseudo file systems may be empty: what
// must be in them is for the tests to say.
func look() (report.Report, error) {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return report.Report{}, err
	}
	module, err := describe()
	if err != nil {
		return report.Report{}, err
	}
	cid, err := contextID()
	if err != nil {
		return report.Report{}, err
	}
	unpacked, err := files()
	if err != nil {
		return report.Report{}, err
	}
	r := report.Report{
		Release: text("/proc/sys/kernel/osrelease"), CommandLine: text("/proc/cmdline"), Args: os.Args,
		UpSeconds: float64(up.Nano()) / 1e9, CPUs: runtime.NumCPU(), ContextID: cid,
		RandomReady: randomReady(), RandomSource: text("/sys/class/misc/hw_random/rng_current"),
		UnixTime: time.Now().Unix(), Application: text("/rootfs/application"), Module: module, Files: unpacked,
	}
	for line := range strings.SplitSeq(text("/proc/meminfo"), "\n") {
		_, _ = fmt.Sscanf(line, "MemTotal: %d kB", &r.MemTotalKiB)
		_, _ = fmt.Sscanf(line, "MemFree: %d kB", &r.MemFreeKiB)
	}
	return r, nil
}

func text(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data))
}

// randomReady: without blocking, getrandom(2) fails until the kernel is seeded.
func randomReady() bool {
	n, err := unix.Getrandom(make([]byte, 16), unix.GRND_NONBLOCK)
	return err == nil && n == 16
}

func contextID() (uint32, error) {
	file, err := os.Open("/dev/vsock")
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	cid, err := unix.IoctlGetUint32(int(file.Fd()), unix.IOCTL_VM_SOCKETS_GET_LOCAL_CID)
	if err != nil {
		return 0, fmt.Errorf("asking for the context id: %w", err)
	}
	return cid, nil
}
