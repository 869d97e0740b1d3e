// Command guest is the init of the boot tests' images: it tells the host what it
// sees, over vsock, answers one connection from the host and restarts the machine,
// which ends it.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
	}
	// RB_AUTOBOOT, as AWS's init does it: powering off is not available.
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART); err != nil {
		fmt.Fprintln(os.Stderr, "guest: restarting:", err)
	}
}

func run() error {
	for target, kind := range map[string]string{"/proc": "proc", "/sys": "sysfs", "/dev": "devtmpfs"} {
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(kind, target, kind, 0, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", target, err)
		}
	}
	echo, err := listen(report.EchoPort)
	if err != nil {
		return err
	}
	r, err := look()
	if err != nil {
		return err
	}
	if err := tell(r); err != nil {
		return err
	}
	return echoOnce(echo)
}

// tell sends the report to the host. In the emulation the host is context 2; with
// Nitro it would be the parent instance, 3.
func tell(r report.Report) error {
	conn, err := dial(unix.VMADDR_CID_HOST, report.Port)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return err
	}
	return conn.Close()
}
