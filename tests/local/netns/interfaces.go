package netns

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Up starts an interface of the namespace that the calling thread is in.
func Up(name string) error {
	return configure(name, func(fd int, ifreq *unix.Ifreq) error {
		ifreq.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifreq)
	})
}

// SetAddress gives an interface an IPv4 address with its network. A second address needs a
// name of its own: lo:1.
func SetAddress(name string, address netip.Prefix) error {
	mask := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	network, err := mask.Prefix(address.Bits())
	if err != nil {
		return err
	}
	for _, setting := range []struct {
		request uint
		value   netip.Addr
	}{{unix.SIOCSIFADDR, address.Addr()}, {unix.SIOCSIFNETMASK, network.Masked().Addr()}} {
		err := configure(name, func(fd int, ifreq *unix.Ifreq) error {
			if err := ifreq.SetInet4Addr(setting.value.AsSlice()); err != nil {
				return err
			}
			return unix.IoctlIfreq(fd, setting.request, ifreq)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func configure(name string, set func(fd int, ifreq *unix.Ifreq) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	ifreq, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := set(fd, ifreq); err != nil {
		return fmt.Errorf("setting up the interface %s: %w", name, err)
	}
	return nil
}
