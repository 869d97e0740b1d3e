//go:build linux

package nitro

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// system is what a launch needs of Linux, beside poll. Tests have a model of the driver in
// its place.
type system interface {
	// open opens a device for reading and writing.
	open(path string) (int, error)
	close(fd int) error
	// ioctl sends a request of uapi.go with its argument. An error is a Refusal or
	// an errno.
	ioctl(fd int, request uintptr, arg unsafe.Pointer) (int, error)
	// mmap maps hugepages: private, anonymous, readable and writable.
	mmap(bytes int, flags int) ([]byte, error)
	// populate makes sure that a mapping has its pages. Reserving them does not: a
	// cgroup's limit counts when a page is touched, and by SIGBUS, unless asked so.
	populate(b []byte) error
	munmap(b []byte) error
	// vsock opens a socket of AF_VSOCK and closes it.
	vsock() error
}

// linux is the kernel.
type linux struct{}

func (linux) open(path string) (int, error) { return unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0) }

func (linux) close(fd int) error { return unix.Close(fd) }

func (linux) ioctl(fd int, request uintptr, arg unsafe.Pointer) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg))
	return int(n), driverError(errno)
}

// driverError tells the driver's own errors from Linux's.
func driverError(errno unix.Errno) error {
	switch {
	case errno == 0:
		return nil
	case errno >= firstRefusal:
		return Refusal(errno)
	}
	return errno
}

func (linux) mmap(bytes, flags int) ([]byte, error) {
	return unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_HUGETLB|flags)
}

// populate needs Linux 5.14; an older kernel says EINVAL, and the driver will tell.
func (linux) populate(b []byte) error {
	for {
		err := unix.Madvise(b, unix.MADV_POPULATE_WRITE)
		switch {
		case errors.Is(err, unix.EINVAL):
			return nil
		case !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN):
			return err
		}
	}
}

func (linux) munmap(b []byte) error { return unix.Munmap(b) }

func (linux) vsock() error {
	fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}
