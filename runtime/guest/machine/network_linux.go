package machine

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// loopbackIndex is the index of lo, which is the first interface of every network
// namespace (LOOPBACK_IFINDEX in Linux's include/net/flow.h).
const loopbackIndex = 1

// LoopbackUp brings lo up, by which it gets 127.0.0.1/8 and ::1.
func LoopbackUp() error {
	return ifctl("lo", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_UP)
		return nil
	})
}

// aliases counts the labels of IPv4 addresses, each of which needs its own.
var aliases atomic.Uint32

// AddLoopback gives lo an address, and no route to its neighbours.
func AddLoopback(address netip.Addr) error {
	if address.Is6() {
		return addLoopback6(address)
	}
	label := fmt.Sprintf("lo:%d", aliases.Add(1))
	set := func(ip netip.Addr) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(ip.AsSlice()) }
	}
	if err := ifctl(label, unix.SIOCSIFADDR, set(address)); err != nil {
		return err
	}
	return ifctl(label, unix.SIOCSIFNETMASK, set(netip.AddrFrom4([4]byte{255, 255, 255, 255})))
}

func ifctl(name string, request uint, set func(*unix.Ifreq) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := set(r); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, request, r); err != nil {
		return fmt.Errorf("configuring %s: %w", name, err)
	}
	return nil
}

// in6Ifreq is struct in6_ifreq of linux/ipv6.h.
type in6Ifreq struct {
	address [16]byte
	prefix  uint32
	index   int32
}

func addLoopback6(address netip.Addr) error {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	r := in6Ifreq{address: address.As16(), prefix: 128, index: loopbackIndex}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFADDR, uintptr(unsafe.Pointer(&r))); errno != 0 {
		return fmt.Errorf("configuring lo: %w", errno)
	}
	return nil
}
