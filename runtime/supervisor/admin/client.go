package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// ErrNotRunning means that no supervisor listens on the socket.
var ErrNotRunning = errors.New("no supervisor is running here")

// maxReply bounds what is read of an answer: metadata are the most of it.
const maxReply = 2*eif.MaxMetadata + 1<<20

// Client asks the supervisor of this pod. It is a Supervisor.
type Client struct{ http *http.Client }

var _ Supervisor = (*Client)(nil)

// NewClient returns a client for the socket at path. Calls end with their contexts and
// have no other limit of time: a drain takes minutes.
func NewClient(path string) *Client {
	return &Client{http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
		DisableKeepAlives:  true, // a program asks once and ends
		DisableCompression: true,
	}}}
}

// Describe says how things are.
func (c *Client) Describe(ctx context.Context) (Description, error) {
	var d Description
	response, err := c.send(ctx, http.MethodGet, pathDescription, http.NoBody)
	if err != nil {
		return d, err
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&d); err != nil {
		return d, fmt.Errorf("reading the supervisor's answer: %w", err)
	}
	return d, nil
}

// Drain returns when the drain is over.
func (c *Client) Drain(ctx context.Context) error { return c.act(ctx, pathDrain) }

// Terminate returns when the enclave is gone.
func (c *Client) Terminate(ctx context.Context) error { return c.act(ctx, pathTerminate) }

// Console reads the enclave's console, in debug mode. The caller closes it.
func (c *Client) Console(ctx context.Context) (io.ReadCloser, error) {
	response, err := c.send(ctx, http.MethodGet, pathConsole, http.NoBody)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

func (c *Client) act(ctx context.Context, path string) error {
	response, err := c.send(ctx, http.MethodPost, path, http.NoBody)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// send returns a response that is a success; its body is the caller's to close.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, body)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	case err != nil:
		return nil, fmt.Errorf("calling the supervisor: %w", err)
	case response.StatusCode < http.StatusMultipleChoices:
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	return nil, refusal(response)
}

// refusal is the supervisor's error.
func refusal(response *http.Response) error {
	var f failure
	err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&f)
	switch {
	case err != nil || f.Error == "":
		return fmt.Errorf("the supervisor answered %s", response.Status)
	case f.NoConsole:
		return launch.ErrNoConsole
	}
	return errors.New(f.Error)
}
