package machines

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// hostCID is the host of virtual machines, in the terms of Linux.
const hostCID = 2

// Client is for use in a guest.
type Client struct{ http *http.Client }

// NewClient returns a client of the guest's host.
func NewClient() *Client {
	link := &transport.VSock{Peer: hostCID}
	return &Client{&http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return link.Dial(ctx, Port) },
		DisableKeepAlives: true,
	}}}
}

// Start starts an image, with more variables in its environment.
func (c *Client) Start(ctx context.Context, cid uint32, image string, env ...string) error {
	_, err := c.call(ctx, http.MethodPut, cid, "image="+url.QueryEscape(image), env)
	return err
}

// Own starts an image that ends with the caller: with this process, and with the context.
// It returns once the guest was started.
func (c *Client) Own(ctx context.Context, cid uint32, image string, env ...string) (*Owned, error) {
	response, err := c.send(ctx, http.MethodPut, cid, "owned=1&image="+url.QueryEscape(image), env) //nolint:bodyclose // Wait does
	if err != nil {
		return nil, err
	}
	return &Owned{response.Body}, nil
}

// Owned is a guest that ends with whoever has started it.
type Owned struct{ answer io.ReadCloser }

// Wait waits for the guest's end, and is called once. It fails with the context of Own.
func (o *Owned) Wait() (State, error) {
	defer func() { _ = o.answer.Close() }()
	var s State
	err := json.NewDecoder(o.answer).Decode(&s)
	return s, err
}

// Kill ends a guest, and returns when it is gone. A guest that kills itself does not get
// that far.
func (c *Client) Kill(ctx context.Context, cid uint32) error {
	_, err := c.call(ctx, http.MethodDelete, cid, "", nil)
	return err
}

// State says how a guest is.
func (c *Client) State(ctx context.Context, cid uint32) (State, error) {
	return c.call(ctx, http.MethodGet, cid, "", nil)
}

// Wait waits for a guest's end.
func (c *Client) Wait(ctx context.Context, cid uint32) (State, error) {
	return c.call(ctx, http.MethodGet, cid, "wait=1", nil)
}

func (c *Client) call(ctx context.Context, method string, cid uint32, query string, body any) (State, error) {
	var s State
	response, err := c.send(ctx, method, cid, query, body)
	if err != nil {
		return s, err
	}
	defer func() { _ = response.Body.Close() }()
	err = json.NewDecoder(response.Body).Decode(&s)
	return s, err
}

// send returns an answer that is no refusal.
func (c *Client) send(ctx context.Context, method string, cid uint32, query string, body any) (*http.Response, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	target := fmt.Sprintf("http://host/guests/%d?%s", cid, query)
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil || response.StatusCode == http.StatusOK {
		return response, err
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	return nil, errors.New(strings.TrimSpace(string(text)))
}
