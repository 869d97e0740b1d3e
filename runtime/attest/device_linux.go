package attest

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DevicePath is the NSM's device in an enclave.
const DevicePath = "/dev/nsm"

// nsmRaw is struct nsm_raw of include/uapi/linux/nsm.h: where the request is, and where
// the response goes, whose length the driver corrects.
type nsmRaw struct {
	request, response nsmBuffer
}

// nsmBuffer is struct nsm_iovec, 64 bits each also where pointers have less.
type nsmBuffer struct {
	address, length uint64
}

// nsmIoctlRaw is NSM_IOCTL_RAW, _IOWR(0x0A, 0, struct nsm_raw) of 32 bytes.
const nsmIoctlRaw = 3<<30 | 32<<16 | 0x0A<<8

// DeviceFile is the NSM's device.
type DeviceFile struct{ file *os.File }

// OpenDevice opens [DevicePath]. Linux's header says that a process needs CAP_SYS_ADMIN
// for what the client sends.
func OpenDevice() (*DeviceFile, error) {
	file, err := os.OpenFile(DevicePath, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("NSM: %w", err)
	}
	return &DeviceFile{file}, nil
}

// Close closes the device.
func (d *DeviceFile) Close() error { return d.file.Close() }

// Exchange implements [Device]. The driver takes one request after the other.
func (d *DeviceFile) Exchange(request, response []byte) (int, error) {
	if len(request) == 0 || len(response) == 0 {
		return 0, unix.EINVAL
	}
	// The driver sees addresses, which keep nothing alive and nothing in its place.
	var pinned runtime.Pinner
	defer pinned.Unpin()
	pinned.Pin(&request[0])
	pinned.Pin(&response[0])
	raw := nsmRaw{buffer(request), buffer(response)}
	connection, err := d.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno unix.Errno
	err = connection.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, nsmIoctlRaw, uintptr(unsafe.Pointer(&raw)))
	})
	switch {
	case err != nil:
		return 0, err
	case errno != 0:
		return 0, fmt.Errorf("%s: %w", DevicePath, errno)
	}
	return int(raw.response.length), nil
}

func buffer(b []byte) nsmBuffer {
	return nsmBuffer{uint64(uintptr(unsafe.Pointer(&b[0]))), uint64(len(b))}
}
