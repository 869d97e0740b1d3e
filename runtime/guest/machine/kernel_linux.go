package machine

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// maxFiles is how many descriptors a process may have. Linux gives 4096 to init, and
// each bridged connection takes two.
const maxFiles = 1 << 16

// Limits sets what children inherit: limits, and the mode of files they make.
func Limits() error {
	unix.Umask(0o022)
	// By package syscall, which hands it on to children; see its Setrlimit.
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: maxFiles, Max: maxFiles})
}

// LoadModule loads a kernel module. A file that is not there is no error: the kernel
// has it built in.
func LoadModule(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("loading %s: %w", path, err)
	}
	return nil
}

// poolInfo is struct rand_pool_info of linux/random.h with room for one answer of the
// security module.
type poolInfo struct {
	bits  int32
	bytes int32
	data  [512]byte
}

// AddEntropy gives random bytes to the kernel's pool and credits them in full: the
// security module is what AWS offers as the source, and the kernel's own driver for it
// does the same.
func AddEntropy(random []byte) error {
	f, err := os.OpenFile("/dev/random", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var info poolInfo
	n := copy(info.data[:], random)
	info.bits, info.bytes = int32(8*n), int32(n)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.RNDADDENTROPY, uintptr(unsafe.Pointer(&info))); errno != 0 {
		return fmt.Errorf("crediting entropy: %w", errno)
	}
	return nil
}

// End ends the machine, and does not return: all processes are killed, and the machine
// restarts. An enclave does not start again but ends; to power it off would hang it.
func End() {
	_ = unix.Kill(-1, unix.SIGKILL)
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	// Without its init the kernel panics, which ends the machine as well.
	os.Exit(1)
}

// Linux is the running kernel; see guest.Machine.
type Linux struct{}

// SetClock sets the wall clock.
func (Linux) SetClock(to time.Time) error {
	ts, err := unix.TimeToTimespec(to)
	if err != nil {
		return err
	}
	return unix.ClockSettime(unix.CLOCK_REALTIME, &ts)
}

// AddLoopback gives lo an address.
func (Linux) AddLoopback(address netip.Addr) error { return AddLoopback(address) }

// Uptime is the time since the kernel started.
func (Linux) Uptime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// Memory reads /proc/meminfo.
func (Linux) Memory() *control.Memory {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return nil
	}
	return parseMemory(string(data))
}
