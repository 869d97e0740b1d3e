package realnode

import (
	"fmt"
	"net/netip"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// network names the node and makes its interfaces: the loopback one, and the bridge that
// pods get connected to, whose address is the node's.
func network() error {
	if err := unix.Sethostname([]byte(Name)); err != nil {
		return fmt.Errorf("setting the host's name: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	if err := up(fd, "lo"); err != nil {
		return err
	}
	if err := addBridge(fd, bridge); err != nil {
		return err
	}
	if err := setAddress(fd, bridge, unix.SIOCSIFADDR, netip.MustParseAddr(Address)); err != nil {
		return err
	}
	if err := setAddress(fd, bridge, unix.SIOCSIFNETMASK, netip.MustParseAddr("255.255.255.0")); err != nil {
		return err
	}
	return up(fd, bridge)
}

// addBridge makes a bridge with the ioctl of old, as brctl(8) does: it takes the name's
// address itself.
func addBridge(fd int, name string) error {
	text, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCBRADDBR, uintptr(unsafe.Pointer(text)))
	runtime.KeepAlive(text)
	if errno != 0 {
		return fmt.Errorf("%w: making the bridge %s: %w", ErrUnavailable, name, errno)
	}
	return nil
}

func setAddress(fd int, name string, request uint, value netip.Addr) error {
	ifreq, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := ifreq.SetInet4Addr(value.AsSlice()); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, request, ifreq); err != nil {
		return fmt.Errorf("giving %s the address or mask %s: %w", name, value, err)
	}
	return nil
}

func up(fd int, name string) error {
	ifreq, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	ifreq.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifreq); err != nil {
		return fmt.Errorf("starting the interface %s: %w", name, err)
	}
	return nil
}
