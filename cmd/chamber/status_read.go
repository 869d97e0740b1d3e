package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/podcheck"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

// reach is the way into pods; see podlink.
type reach interface {
	Exec(ctx context.Context, pod *corev1.Pod, container string, command ...string) ([]byte, error)
	Dial(ctx context.Context, pod *corev1.Pod, port int) (net.Conn, error)
}

// questions are what every pod is asked.
type questions struct {
	// attest asks for a document.
	attest bool
	// sign is nil when nothing is to be signed.
	sign *signing
	// token is for the signer's API, "" for none.
	token string
	// timeout is for all answers of one pod.
	timeout time.Duration
}

// askAll asks a few pods at a time. What one does not answer is missing in its own facts
// only.
func (q questions) askAll(ctx context.Context, r reach, pods []corev1.Pod) []podcheck.Facts {
	facts := make([]podcheck.Facts, len(pods))
	turns := make(chan struct{}, statusMost)
	var asking sync.WaitGroup
	for i := range pods {
		facts[i].Pod = pods[i]
		if pods[i].DeletionTimestamp != nil || !podcheck.Running(&pods[i]) {
			continue
		}
		turns <- struct{}{}
		asking.Go(func() {
			defer func() { <-turns }()
			q.ask(ctx, r, &facts[i])
		})
	}
	asking.Wait()
	return facts
}

// ask asks all at once, since one that hangs must not hide the others.
func (q questions) ask(ctx context.Context, r reach, f *podcheck.Facts) {
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	var asking sync.WaitGroup
	asking.Go(func() { f.Supervisor, f.SupervisorErr = describeSupervisor(ctx, r, &f.Pod) })
	asking.Go(func() { q.askPorts(ctx, r, f) })
	if q.attest {
		asking.Go(func() { f.Evidence = askDocument(ctx, r, &f.Pod) })
	}
	asking.Wait()
}

// supervisorSays runs the supervisor's binary in the pod, whose image has no other.
func supervisorSays(ctx context.Context, r reach, pod *corev1.Pod, args ...string) ([]byte, error) {
	return r.Exec(ctx, pod, podcheck.Container(pod).Name, append([]string{contract.SupervisorPath}, args...)...)
}

func describeSupervisor(ctx context.Context, r reach, pod *corev1.Pod) (*admin.Description, error) {
	out, err := supervisorSays(ctx, r, pod, contract.CommandDescribe)
	if err != nil {
		return nil, err
	}
	var d admin.Description
	if err := json.Unmarshal(out, &d); err != nil {
		return nil, fmt.Errorf("reading what %s prints: %w", contract.CommandDescribe, err)
	}
	return &d, nil
}

// nonceBytes is what chamber attest verify recommends.
const nonceBytes = 32

func askDocument(ctx context.Context, r reach, pod *corev1.Pod) podcheck.Evidence {
	nonce := make([]byte, nonceBytes)
	_, _ = rand.Read(nonce) // never fails (Go 1.24)
	out, err := supervisorSays(ctx, r, pod, contract.CommandAttest, "--nonce", hex.EncodeToString(nonce))
	if err != nil {
		return podcheck.Evidence{Nonce: nonce, Err: err}
	}
	document, err := decodeDocument(bytes.NewReader(out))
	return podcheck.Evidence{Nonce: nonce, Document: document, Err: err}
}

// apiPrefix begins the paths of the signer's API that ask for a token.
const apiPrefix = "/api/v1/eth2/"

// Limits of what is read of an answer: of a list of keys and of others, in bytes.
const (
	maxKeys   = 32 << 20
	maxAnswer = 16 << 10
)

// askPorts asks one after the other, and no further than something answers.
func (q questions) askPorts(ctx context.Context, r reach, f *podcheck.Facts) {
	a := newAsker(r, &f.Pod, q.token)
	defer a.client.CloseIdleConnections()
	api := podcheck.Port(&f.Pod, contract.PortNameAPI, contract.PortAPI)
	f.Up = a.get(ctx, api, contract.PathUpcheck, maxAnswer)
	if f.Up.Err != nil {
		return
	}
	f.Health = a.get(ctx, api, contract.PathHealthcheck, maxAnswer)
	f.Ready = a.get(ctx, podcheck.Port(&f.Pod, contract.PortNameSupervisor, contract.PortSupervisor), contract.PathReady, maxAnswer)
	if f.Health.Status != http.StatusOK {
		return
	}
	f.Keys = a.get(ctx, api, apiPrefix+"publicKeys", maxKeys)
	if q.sign != nil {
		f.Signature = a.do(ctx, http.MethodPost, api, q.sign.path, q.sign.body, maxAnswer)
	}
}

// asker asks a pod's ports over HTTP.
type asker struct {
	client http.Client
	token  string
}

func newAsker(r reach, pod *corev1.Pod, token string) *asker {
	return &asker{token: token, client: http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				number, err := strconv.Atoi(port)
				if err != nil {
					return nil, err
				}
				return r.Dial(ctx, pod, number)
			},
			MaxResponseHeaderBytes: maxAnswer,
		},
		// A token must go nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (a *asker) get(ctx context.Context, port int, path string, most int64) podcheck.Answer {
	return a.do(ctx, http.MethodGet, port, path, nil, most)
}

func (a *asker) do(ctx context.Context, method string, port int, path string, body []byte, most int64) podcheck.Answer {
	url := "http://" + net.JoinHostPort("pod", strconv.Itoa(port)) + path
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return podcheck.Answer{Err: err}
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" && strings.HasPrefix(path, apiPrefix) {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return podcheck.Answer{Err: err}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return podcheck.Answer{Err: err}
	}
	return podcheck.Answer{Status: response.StatusCode, Body: string(text)}
}
