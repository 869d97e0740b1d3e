package control

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

const token = "0123456789abcdef0123456789abcdef"

// fakeGuest keeps what it was told, and answers as the test wants.
type fakeGuest struct {
	mu         sync.Mutex
	bootstraps []Bootstrap
	files      [][]File
	stops      []Stop
	asked      []Attestation

	err   error         // of every call that can fail
	delay chan struct{} // a bootstrap waits for it, when set
	lines chan Line
}

func (g *fakeGuest) Bootstrap(_ context.Context, b Bootstrap) error {
	if g.delay != nil {
		<-g.delay
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bootstraps = append(g.bootstraps, b)
	return g.err
}

func (g *fakeGuest) Status(context.Context) Status {
	code := 143
	return Status{
		State: StateRunning, UptimeSeconds: 1.5, Payload: &Payload{PID: 7, Started: time.Unix(1, 0).UTC(), ExitCode: &code},
		Memory: &Memory{Total: 1 << 30, Available: 1 << 29}, PCRs: map[string]string{"0": "ab"}, DroppedLogLines: 3,
	}
}

func (g *fakeGuest) PutFiles(_ context.Context, files []File) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.files = append(g.files, files)
	return g.err
}

func (g *fakeGuest) Attest(_ context.Context, a Attestation) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, a)
	return []byte{0xd2, 0x84}, g.err
}

func (g *fakeGuest) Stop(_ context.Context, s Stop) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stops = append(g.stops, s)
	return g.err
}

func (g *fakeGuest) Logs(ctx context.Context, write func(Line) error) error {
	for {
		select {
		case line, open := <-g.lines:
			if !open {
				return nil
			}
			if err := write(line); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// serve returns a client of a guest, and the address of its server.
func serve(t *testing.T, guest Guest) (*Client, string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewServer(Handler(guest, log), log)
	server.Start()
	t.Cleanup(server.Close)
	client := dial(server.Listener.Addr().String(), token)
	t.Cleanup(client.Close)
	return client, server.URL
}

func dial(address, token string) *Client {
	return NewClient(func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}, token)
}

// post sends a request as a stranger may write it, and returns status and body.
func post(t *testing.T, method, url, kind, body string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, readerOf(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
