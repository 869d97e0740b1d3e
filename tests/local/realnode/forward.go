package realnode

import (
	"context"
	"io"
	"net"
	"sync"
)

// forwarder passes connections to a loopback port on to an address in the node.
type forwarder struct {
	listener net.Listener
	ctx      context.Context // of the connections
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

type dial func(ctx context.Context, network, address string) (net.Conn, error)

func newForwarder(to dial, address string) (*forwarder, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		return nil, err
	}
	f := &forwarder{listener: listener}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			f.running.Go(func() { f.pass(conn, to, address) })
		}
	})
	return f, nil
}

// pass copies in both directions until one side ends, or the forwarder.
func (f *forwarder) pass(from net.Conn, dial dial, address string) {
	defer func() { _ = from.Close() }()
	to, err := dial(f.ctx, "tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	select {
	case <-done:
	case <-f.ctx.Done():
	}
}

func (f *forwarder) close() error {
	err := f.listener.Close()
	f.cancel()
	f.running.Wait()
	return err
}
