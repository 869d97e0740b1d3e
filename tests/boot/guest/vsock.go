package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// listen returns a vsock socket that listens on the port.
func listen(port uint32) (int, error) {
	fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("making a vsock socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrVM{CID: unix.VMADDR_CID_ANY, Port: port}); err != nil {
		return 0, fmt.Errorf("binding vsock port %d: %w", port, err)
	}
	return fd, unix.Listen(fd, 1)
}

// dial tries until somebody listens: the host opens its ports when the machine runs.
func dial(cid, port uint32) (*os.File, error) {
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		file, err := dialOnce(cid, port)
		if err == nil || time.Since(began) > time.Minute {
			return file, err
		}
	}
}

func dialOnce(cid, port uint32) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a vsock socket: %w", err)
	}
	file := os.NewFile(uintptr(fd), "vsock")
	if err := unix.Connect(fd, &unix.SockaddrVM{CID: cid, Port: port}); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("dialing vsock %d:%d: %w", cid, port, err)
	}
	return file, nil
}

// echoOnce sends back what comes on one connection, until the host closes it.
func echoOnce(listener int) error {
	fd, _, err := unix.Accept(listener)
	if err != nil {
		return fmt.Errorf("accepting: %w", err)
	}
	conn := os.NewFile(uintptr(fd), "vsock")
	if _, err := io.Copy(conn, conn); err != nil {
		return fmt.Errorf("echoing: %w", err)
	}
	return conn.Close()
}
