//go:build linux

package nitro

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// taken is what a launch has taken of the machine. The enclave keeps it until its end.
type taken struct {
	system system
	// enclave is the enclave's descriptor, or none.
	enclave int
	regions [][]byte
	port    net.Listener
	// woken ends a wait for the enclave's end when waker is closed.
	woken, waker *os.File
}

const none = -1

// release gives everything back: first the enclave, whose end frees the rest for others.
func (t *taken) release() error {
	var found []error
	if t.enclave != none {
		found = append(found, described("closing the enclave", t.system.close(t.enclave)))
		t.enclave = none
	}
	for _, region := range t.regions {
		found = append(found, described("unmapping its memory", t.system.munmap(region)))
	}
	t.regions = nil
	if t.port != nil {
		// After a heartbeat it is closed already.
		_ = t.port.Close()
	}
	if t.woken != nil {
		_ = t.woken.Close()
		_ = t.waker.Close()
	}
	return errors.Join(found...)
}

func described(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
