package machine

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// ptpClass is where the kernel lists precise clocks.
	ptpClass = "/sys/class/ptp"
	// kvmClock is the name of the hypervisor's wall clock (drivers/ptp/ptp_kvm_common.c).
	// Others may count in another scale, such as TAI.
	kvmClock = "KVM virtual PTP"
)

// HostClock is the hypervisor's wall clock, which KVM shows to its guests.
type HostClock struct{ device *os.File }

// OpenHostClock finds the clock. The error is [os.ErrNotExist] where there is none.
func OpenHostClock() (*HostClock, error) {
	name, err := findClock(os.ReadDir, os.ReadFile)
	if err != nil {
		return nil, err
	}
	device, err := os.Open("/dev/" + name)
	if err != nil {
		return nil, err
	}
	return &HostClock{device}, nil
}

func findClock(list func(string) ([]os.DirEntry, error), read func(string) ([]byte, error)) (string, error) {
	entries, err := list(ptpClass)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		title, err := read(ptpClass + "/" + e.Name() + "/clock_name")
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if strings.TrimSpace(string(title)) == kvmClock {
			return e.Name(), nil
		}
	}
	return "", fmt.Errorf("looking for %q: %w", kvmClock, os.ErrNotExist)
}

// Now reads the clock.
func (c *HostClock) Now() (time.Time, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(clockOf(c.device.Fd()), &ts); err != nil {
		return time.Time{}, fmt.Errorf("reading the hypervisor's clock: %w", err)
	}
	return time.Unix(ts.Unix()), nil
}

// clockOf is FD_TO_CLOCKID of clock_getres(2): a descriptor as a clock.
func clockOf(fd uintptr) int32 { return ^int32(fd)<<3 | 3 }

// Close closes the device.
func (c *HostClock) Close() error { return c.device.Close() }
