package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport/transporttest"
)

const (
	// guestPort is the server's port behind the hybrid socket.
	guestPort = 5005
	// messageSize is about what a signing request and its answer have.
	messageSize = 512
	// The first byte of a message says what the client wants: the message back, or
	// a stream to go nowhere, whose end is confirmed.
	wantEcho, wantSink = 'e', 's'
)

// serve is the server: on TCP, on AF_VSOCK, or on a hybrid socket and, for those that do not speak
// its protocol, a plain unix socket. It prints where.
func serve(ctx context.Context, o options) error {
	var lc net.ListenConfig
	if o.back == "tcp" {
		l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(l.Addr())
		return acceptAll(ctx, l)
	}
	if o.back == "vsock" {
		l, err := (&transport.VSock{Peer: transport.ParentCID}).Listen(ctx, guestPort)
		if err != nil {
			return err
		}
		return acceptAll(ctx, l)
	}
	path := filepath.Join(o.folder, "v")
	device, err := transporttest.New(ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = device.Close() }()
	guest, err := device.Guest().Listen(ctx, guestPort)
	if err != nil {
		return err
	}
	plain, err := lc.Listen(ctx, "unix", filepath.Join(o.folder, "plain"))
	if err != nil {
		return err
	}
	go func() { _ = acceptAll(ctx, plain) }()
	fmt.Println(path)
	return acceptAll(ctx, guest)
}

func acceptAll(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go answer(c)
	}
}

func answer(c net.Conn) {
	defer func() { _ = c.Close() }()
	message := make([]byte, messageSize)
	for {
		if _, err := io.ReadFull(c, message); err != nil {
			return
		}
		if message[0] == wantSink {
			swallow(c)
		}
		if _, err := c.Write(message); err != nil {
			return
		}
	}
}

func swallow(c net.Conn) {
	buf := make([]byte, 256<<10)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// forward is our bridge, from TCP to the server. It prints where it listens.
func forward(ctx context.Context, o options) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b := &bridge.Bridge{Name: o.back, MaxConns: 1 << 20}
	switch o.back {
	case "hybrid":
		link := &transport.Hybrid{Path: o.addr}
		b.Dial = func(ctx context.Context) (net.Conn, error) { return link.Dial(ctx, guestPort) }
	case "vsock":
		link := &transport.VSock{Peer: enclaveCID}
		b.Dial = func(ctx context.Context) (net.Conn, error) { return link.Dial(ctx, guestPort) }
	default:
		b.Dial = func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", o.addr)
		}
	}
	fmt.Println(l.Addr())
	return b.Serve(ctx, l)
}
