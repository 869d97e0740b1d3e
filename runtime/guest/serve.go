package guest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// How long a guest whose payload has ended waits for the parent to ask how.
const (
	// maxLinger bounds the wait for a parent that does not ask.
	maxLinger = 5 * time.Second
	// lookEvery is how often it is looked whether the parent knows all.
	lookEvery = 20 * time.Millisecond
	// lastAnswers is how long answers that are under way may take.
	lastAnswers = time.Second
)

// Serve answers the parent on the listener until the payload has ended and the parent
// knows, or could have known. It closes the listener.
func (g *Guest) Serve(ctx context.Context, listener net.Listener) error {
	server := control.NewServer(control.Handler(g, g.Log), g.Log)
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return withTrust(withPeer(ctx, c), c) }
	served := make(chan error, 1)
	go func() { served <- server.Serve(&limitListener{Listener: listener, most: maxCallers}) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		_ = server.Close()
		<-served
		return ctx.Err()
	case <-g.Done():
	}
	g.linger(ctx)
	last, cancel := context.WithTimeout(ctx, lastAnswers)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		_ = server.Close() // a reader of the logs that does not read
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (g *Guest) linger(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, maxLinger)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for !g.Reported() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
