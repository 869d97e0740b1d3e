package attest

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDeviceFile asks a device that is no NSM, and one that is not there. What a real one
// answers is for the tests that boot an image.
func TestDeviceFile(t *testing.T) {
	file := must[*os.File](t)(os.OpenFile(os.DevNull, os.O_RDWR, 0))
	device := &DeviceFile{file}
	if _, err := NewNSM(device).Random(); !errors.Is(err, unix.ENOTTY) {
		t.Errorf("got %v", err)
	}
	for _, sizes := range [][2]int{{0, 1}, {1, 0}} {
		if _, err := device.Exchange(make([]byte, sizes[0]), make([]byte, sizes[1])); !errors.Is(err, unix.EINVAL) {
			t.Errorf("sizes %v: %v", sizes, err)
		}
	}
	if err := device.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := device.Exchange(make([]byte, 1), make([]byte, 1)); err == nil {
		t.Error("it answers after it was closed")
	}
	if _, err := OpenDevice(); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("opening: %v", err)
	}
}
