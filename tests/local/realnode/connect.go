package realnode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/tools/clientcmd"
)

// Dial connects to a TCP address from inside the node: a pod's, for example. The address
// is a number: a name would be looked up elsewhere.
func (n *Node) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.inside(func() error {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen listens inside the node, on Address for what pods are to reach.
func (n *Node) Listen(ctx context.Context, network, address string) (l net.Listener, err error) {
	err = n.inside(func() error {
		l, err = new(net.ListenConfig).Listen(ctx, network, address)
		return err
	})
	return l, err
}

// ListenPacket is Listen for datagrams.
func (n *Node) ListenPacket(ctx context.Context, network, address string) (c net.PacketConn, err error) {
	err = n.inside(func() error {
		c, err = new(net.ListenConfig).ListenPacket(ctx, network, address)
		return err
	})
	return c, err
}

// inside does something in the node's network, alone on its thread.
func (n *Node) inside(what func() error) error {
	done := make(chan error, 1)
	go func() { done <- within(n.netns, what) }()
	return <-done
}

// within does something on a thread that is in another network namespace meanwhile. A
// socket stays where it was made.
func within(namespace *os.File, what func() error) error {
	runtime.LockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() { _ = own.Close() }()
	if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering the node's network: %w", err)
	}
	err = what()
	if back := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); back != nil {
		// The thread stays locked, and so ends with the goroutine.
		return errors.Join(err, fmt.Errorf("leaving the node's network: %w", back))
	}
	runtime.UnlockOSThread()
	return err
}

// HTTP is a client for URLs with a pod's address.
func (n *Node) HTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: n.Dial, DisableKeepAlives: true}}
}

// connect makes the API server reachable on a loopback port of this machine.
func (n *Node) connect(context.Context) error {
	config, err := clientcmd.LoadFromFile(filepath.Join(n.Dir, "kubernetes", "kubeconfig"))
	if err != nil {
		return fmt.Errorf("reading the node's kubeconfig: %w", err)
	}
	for _, cluster := range config.Clusters {
		server, err := url.Parse(cluster.Server)
		if err != nil {
			return err
		}
		if n.forward, err = newForwarder(n.Dial, server.Host); err != nil {
			return err
		}
		server.Host = n.forward.listener.Addr().String()
		cluster.Server = server.String()
	}
	n.Kubeconfig = filepath.Join(n.Dir, "kubeconfig")
	return clientcmd.WriteToFile(*config, n.Kubeconfig)
}
