package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/bls"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
)

// work is what clients ask for.
type work struct {
	name, method, path string
	body               []byte
	// fresh is a connection for each request.
	fresh bool
}

// works are a signature, which is mostly the signer's own time, and a question that costs
// the signer nothing, so that the way is seen, over connections that are kept and over
// others.
func works() ([]work, error) {
	key, err := bls.ParseKey(chamber.SecretKey)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(client.Randao(1))
	return []work{
		{name: "sign", method: http.MethodPost, path: "/api/v1/eth2/sign/" + key.Public().String(), body: body},
		{name: "upcheck", method: http.MethodGet, path: contract.PathUpcheck},
		{name: "connect+upcheck", method: http.MethodGet, path: contract.PathUpcheck, fresh: true},
	}, err
}

// figures are what one subject reached with one kind of work and number of clients.
type figures struct {
	requests float64 // per second
	p99      float64 // seconds
}

// measure has n clients send one request after the other for a while, and at least one
// before that, which opens the way.
func measure(ctx context.Context, s subject, w work, n int, duration time.Duration) (figures, error) {
	transport := &http.Transport{DialContext: s.dial, DisableKeepAlives: w.fresh, MaxIdleConnsPerHost: n}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: patience}
	if _, err := together(ctx, c, w, n, 0); err != nil {
		return figures{}, err
	}
	began := time.Now()
	times, err := together(ctx, c, w, n, duration)
	if err != nil {
		return figures{}, err
	}
	slices.Sort(times)
	return figures{
		requests: float64(len(times)) / time.Since(began).Seconds(), p99: times[len(times)*99/100].Seconds(),
	}, nil
}

// together returns how long each request of n clients took. Each sends one at least.
func together(ctx context.Context, c *http.Client, w work, n int, duration time.Duration) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var clients sync.WaitGroup
	end := time.Now().Add(duration)
	for range n {
		clients.Go(func() {
			var times []time.Duration
			var err error
			for now := time.Now(); err == nil && (len(times) == 0 || now.Before(end)); {
				err = ask(ctx, c, w)
				then := time.Now()
				times = append(times, then.Sub(now))
				now = then
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, times...)
			if err != nil {
				failed = err
			}
		})
	}
	clients.Wait()
	return all, failed
}

func ask(ctx context.Context, c *http.Client, w work) error {
	// The host is that of the pod; a subject may dial another.
	url := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(contract.PortAPI)) + w.path
	request, err := http.NewRequestWithContext(ctx, w.method, url, bytes.NewReader(w.body))
	if err != nil {
		return err
	}
	response, err := c.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %.200s", w.path, response.Status, text)
	}
	return err
}
