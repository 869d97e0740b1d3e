package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Client is the supervisor's side. It is safe for use by several goroutines.
type Client struct {
	http  *http.Client
	token string
}

// NewClient returns a client that reaches its guest with dial, and shows token.
// Every call is bound to its context; one without a deadline may wait for ever, since
// a connection to an enclave that has ended need not fail.
func NewClient(dial func(context.Context) (net.Conn, error), token string) *Client {
	return &Client{
		token: token,
		http: &http.Client{Transport: &http.Transport{
			DialContext:           func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
			MaxIdleConns:          4,
			IdleConnTimeout:       30 * time.Second,
			ResponseHeaderTimeout: bodyTimeout,
			DisableCompression:    true,
		}},
	}
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Bootstrap gives the guest what it needs. The client's token is put in.
// An error with CodeConflict means that somebody else was faster.
func (c *Client) Bootstrap(ctx context.Context, b Bootstrap) error {
	b.Token = c.token
	return c.call(ctx, http.MethodPost, "/v1/bootstrap", &b, nil)
}

// Status asks how the guest is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var status Status
	err := c.call(ctx, http.MethodGet, "/v1/status", nil, &status)
	return status, err
}

// PutFiles replaces files, each as a whole.
func (c *Client) PutFiles(ctx context.Context, files []File) error {
	return c.call(ctx, http.MethodPut, "/v1/files", &Files{Files: files}, nil)
}

// Stop tells the payload to end.
func (c *Client) Stop(ctx context.Context, grace time.Duration) error {
	return c.call(ctx, http.MethodPost, "/v1/stop", &Stop{GraceSeconds: int(grace.Round(time.Second).Seconds())}, nil)
}

// Attest asks for an attestation document, as the NSM signed it.
func (c *Client) Attest(ctx context.Context, a Attestation) ([]byte, error) {
	response, err := c.send(ctx, http.MethodPost, "/v1/attestation", &a)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(io.LimitReader(response.Body, maxReply))
}

// Logs calls each with every line until the context or the guest ends. It returns
// nil when the guest ended the stream.
func (c *Client) Logs(ctx context.Context, each func(Line)) error {
	response, err := c.send(ctx, http.MethodGet, "/v1/logs", nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	decoder := json.NewDecoder(response.Body)
	for {
		var line Line
		switch err := decoder.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the log stream: %w", err)
		}
		each(line)
	}
}

// maxReply bounds what a guest can make the supervisor read.
const maxReply = 1 << 20

func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	response, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(into); err != nil {
		return fmt.Errorf("reading the guest's answer: %w", err)
	}
	return nil
}

// send returns a response that is a success; its body is the caller's to close.
func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("writing the request: %w", err)
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://enclave"+path, reader)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		request.Header.Set("Content-Type", jsonType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("calling the guest: %w", err)
	}
	if response.StatusCode < http.StatusMultipleChoices {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	return nil, failure(response)
}

// failure is the guest's error, or what a server that is no guest answered.
func failure(response *http.Response) error {
	var e Error
	err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&e)
	if err != nil || e.Code == "" {
		return fmt.Errorf("the guest answered %s", response.Status)
	}
	return &e
}
