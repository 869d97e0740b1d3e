package pod

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/netns"
)

func closeOnExec() {
	for _, fd := range []int{ordersFD, answerFD} {
		syscall.CloseOnExec(fd)
	}
}

func network(s Spec) error {
	if err := netns.Up("lo"); err != nil {
		return err
	}
	for i, text := range s.Addresses {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return err
		}
		if err := netns.SetAddress("lo:"+strconv.Itoa(i+1), netip.PrefixFrom(address, 32)); err != nil {
			return err
		}
	}
	return unix.Sethostname([]byte(s.Hostname))
}

// run gives all rights up and starts the program in this process's place.
func run(s Spec) error {
	if err := dropBounding(); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgroups(s.Groups) },
		func() error { return syscall.Setresgid(s.GID, s.GID, s.GID) },
		func() error { return syscall.Setresuid(s.UID, s.UID, s.UID) },
		func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) },
		// A change of the user has taken it back.
		func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("giving rights up: %w", err)
		}
	}
	return fmt.Errorf("starting %s: %w", s.Args[0], syscall.Exec(s.Args[0], s.Args, s.Env)) //nolint:gosec // as the test says
}

// dropBounding keeps every capability from coming back.
func dropBounding() error {
	for capability := uintptr(0); ; capability++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if errors.Is(err, unix.EINVAL) && capability > 0 {
			return nil // there are no more
		}
		if err != nil {
			return fmt.Errorf("dropping capability %d: %w", capability, err)
		}
	}
}
