package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
)

// patience is for what starts. A loaded machine is slow.
const patience = 3 * time.Minute

// subject is a way to a signer.
type subject struct {
	name string
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// startDirect starts the signer on a free port of the loopback interface, without AWS.
func startDirect(ctx context.Context, b *chamber.Built, dir string) (subject, func(), error) {
	var ports [2]int
	for i := range ports {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return subject{}, nil, err
		}
		ports[i] = l.Addr().(*net.TCPAddr).Port
		defer func() { _ = l.Close() }()
	}
	config, err := json.Marshal(map[string]any{
		"network": chamber.Network, "server": map[string]any{"listen_port": ports[0]}, "metrics": map[string]any{"listen_port": ports[1]},
		"fixture": map[string]any{"secret_keys": []string{chamber.SecretKey}},
	})
	if err != nil {
		return subject{}, nil, err
	}
	name := filepath.Join(dir, "direct.json")
	if err := os.WriteFile(name, config, 0o600); err != nil {
		return subject{}, nil, err
	}
	cmd := exec.CommandContext(ctx, b.Signer, "-c", name) //nolint:gosec // a program of ours
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	to := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	s := subject{"direct", func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, to)
	}}
	return s, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }, cmd.Start()
}

// startEnclave starts a chamber and returns two ways into it: with the supervisor, and by
// the socket that the supervisor itself uses.
func startEnclave(ctx context.Context, b *chamber.Built, dir string) ([]subject, func(), error) {
	folder := filepath.Join(dir, "chamber")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, nil, err
	}
	c, err := b.Start(ctx, folder, chamber.Options{Identity: chamber.IRSA()})
	if err != nil {
		return nil, nil, err
	}
	end := func() { _ = c.Close() }
	if err := awaitReady(ctx, c); err != nil {
		end()
		return nil, nil, fmt.Errorf("%w\n%s", err, c.Log)
	}
	sockets, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(c.PID), "root", contract.TempDir, "enc*", "v"))
	if err != nil || len(sockets) != 1 {
		end()
		return nil, nil, errors.Join(fmt.Errorf("the enclave has %d sockets, want one", len(sockets)), err)
	}
	link := &transport.Hybrid{Path: sockets[0]}
	return []subject{
		{"vsock", func(ctx context.Context, _, _ string) (net.Conn, error) { return link.Dial(ctx, contract.PortAPI) }},
		{"path", c.Network.Dial},
	}, end, nil
}

func awaitReady(ctx context.Context, c *chamber.Chamber) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	url := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(contract.PortSupervisor)) + contract.PathReady
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		response, err := c.HTTP().Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-c.Done():
			return errors.New("the chamber has ended")
		case <-ctx.Done():
			return fmt.Errorf("the chamber is not ready: %w", errors.Join(err, ctx.Err()))
		}
	}
}
