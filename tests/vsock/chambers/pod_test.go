package chambers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/machine"
)

// pod is what separates pods of a node: a network namespace, with a loopback interface
// that is up. AF_VSOCK has none: all pods share it, as on a node.
type pod struct{ namespace *os.File }

func newPod(t *testing.T) *pod {
	t.Helper()
	p := &pod{}
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			return err
		}
		p.namespace = file
		return machine.LoopbackUp()
	})
	if err != nil {
		t.Fatal("making a network namespace: ", err)
	}
	t.Cleanup(func() { _ = p.namespace.Close() })
	return p
}

// onThread runs something on a thread that ends with it.
func onThread(do func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and no unlock, which ends the thread
		result <- do()
	}()
	return <-result
}

// in runs something in the pod's network. What it opens or starts stays there.
func (p *pod) in(do func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(p.namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return do()
	})
}

func (p *pod) start(cmd *exec.Cmd) error { return p.in(cmd.Start) }

func (p *pod) listen(ctx context.Context, address string) (l net.Listener, err error) {
	var config net.ListenConfig
	err = p.in(func() error {
		l, err = config.Listen(ctx, "tcp4", address)
		return err
	})
	return l, err
}

func (p *pod) dial(ctx context.Context, _, address string) (c net.Conn, err error) {
	var d net.Dialer
	err = p.in(func() error {
		c, err = d.DialContext(ctx, "tcp4", address)
		return err
	})
	return c, err
}

// ask asks an HTTP server of the pod once, on a connection of its own.
func (p *pod) ask(ctx context.Context, port int, path string, query ...string) (string, error) {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	target := fmt.Sprintf("http://127.0.0.1:%d%s?%s", port, path, values.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return "", err
	case response.StatusCode != http.StatusOK:
		return "", errors.New(response.Status + " " + strings.TrimSpace(string(body)))
	}
	return string(body), nil
}
