// Package client asks a signer as a validator client does, and verifies what it answers
// with a BLS library that is not the signer's.
package client

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// Client asks one signer.
type Client struct {
	// Base is the signer's URL without a slash at its end: "http://127.0.0.1:9000".
	Base string
	// HTTP makes the requests. Nil means [http.DefaultClient].
	HTTP *http.Client
	// Token is the bearer token. Empty means none.
	Token string
}

// StatusError is an answer other than 200.
type StatusError struct {
	// Status is the code, and Body the beginning of what came with it.
	Status int
	Body   string
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), strings.TrimSpace(e.Body))
}

// maxAnswer is beyond every list of keys of a test.
const maxAnswer = 1 << 20

// Get asks for a path and decodes the answer, which is JSON.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.call(ctx, http.MethodGet, path, nil, into)
}

// Keys are the public keys that the signer signs with.
func (c *Client) Keys(ctx context.Context) ([]eth2.PublicKey, error) {
	var keys []eth2.PublicKey
	return keys, c.Get(ctx, "/api/v1/eth2/publicKeys", &keys)
}

// Sign asks for a signature and returns it as it came.
func (c *Client) Sign(ctx context.Context, key eth2.PublicKey, request eth2.Request) ([]byte, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Signature string `json:"signature"`
	}
	if err := c.call(ctx, http.MethodPost, "/api/v1/eth2/sign/"+key.String(), body, &answer); err != nil {
		return nil, err
	}
	return hex.DecodeString(strings.TrimPrefix(answer.Signature, "0x"))
}

// SignAndVerify asks for a signature and verifies it over the signing root that the
// request has on a network.
func (c *Client) SignAndVerify(ctx context.Context, key eth2.PublicKey, request eth2.Request, n eth2.Network) error {
	root, err := request.Root(n)
	if err != nil {
		return err
	}
	signature, err := c.Sign(ctx, key, request)
	if err != nil {
		return err
	}
	return Verify(key, root, signature)
}

func (c *Client) call(ctx context.Context, method, path string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	doer := c.HTTP
	if doer == nil {
		doer = http.DefaultClient
	}
	response, err := doer.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return &StatusError{response.StatusCode, fmt.Sprintf("%.300s", answer)}
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%.100q: %w", answer, err)
	}
	return nil
}
