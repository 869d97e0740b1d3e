package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func readerOf(s string) io.Reader { return strings.NewReader(s) }

func bootstrap() Bootstrap {
	return Bootstrap{
		Time:        time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
		Environment: map[string]string{"AWS_REGION": "eu-central-1"},
		Files:       []File{{Path: "/etc/config.json", Content: []byte("{}"), Mode: 0o440}},
		Egress:      []Egress{{Host: "kms.eu-central-1.amazonaws.com", Port: 443, ParentPort: 1025}},
	}
}

// TestLife goes through all calls in their order.
func TestLife(t *testing.T) {
	guest := &fakeGuest{lines: make(chan Line, 1)}
	client, _ := serve(t, guest)

	status, err := client.Status(t.Context())
	if diff := cmp.Diff(Status{State: StateRunning}, status); err != nil || diff != "" {
		t.Errorf("status before the bootstrap (-want +got):\n%s%v", diff, err)
	}
	if err := client.Bootstrap(t.Context(), bootstrap()); err != nil {
		t.Fatal(err)
	}
	want := bootstrap()
	want.Token = token
	if diff := cmp.Diff([]Bootstrap{want}, guest.bootstraps); diff != "" {
		t.Errorf("the guest got (-want +got):\n%s", diff)
	}
	status, err = client.Status(t.Context())
	if diff := cmp.Diff(guest.Status(t.Context()), status); err != nil || diff != "" {
		t.Errorf("status (-want +got):\n%s%v", diff, err)
	}
	if err := client.PutFiles(t.Context(), want.Files); err != nil {
		t.Error(err)
	}
	document, err := client.Attest(t.Context(), Attestation{Nonce: []byte("nonce")})
	if err != nil || string(document) != "\xd2\x84" {
		t.Errorf("document %x: %v", document, err)
	}
	if err := client.Stop(t.Context(), 30*time.Second); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]Stop{{GraceSeconds: 30}}, guest.stops); diff != "" {
		t.Error(diff)
	}
}

// TestSecondBootstrap: whoever comes second is told so, whatever the token, and is
// counted.
func TestSecondBootstrap(t *testing.T) {
	guest := &fakeGuest{}
	client, url := serve(t, guest)
	if err := client.Bootstrap(t.Context(), bootstrap()); err != nil {
		t.Fatal(err)
	}
	stranger := dial(strings.TrimPrefix(url, "http://"), strings.Repeat("x", 40))
	defer stranger.Close()
	for _, c := range []*Client{stranger, client} {
		if err := c.Bootstrap(t.Context(), bootstrap()); ErrorCode(err) != CodeConflict {
			t.Errorf("error: %v", err)
		}
	}
	status, err := client.Status(t.Context())
	if err != nil || status.RefusedBootstraps != 2 || len(guest.bootstraps) != 1 {
		t.Errorf("%d were refused, the guest saw %d: %v", status.RefusedBootstraps, len(guest.bootstraps), err)
	}
}

// TestBootstrapsAtOnce: of many at the same time exactly one wins, and the status is
// there meanwhile.
func TestBootstrapsAtOnce(t *testing.T) {
	guest := &fakeGuest{delay: make(chan struct{})}
	client, url := serve(t, guest)
	var won, lost int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			c := dial(strings.TrimPrefix(url, "http://"), fmt.Sprintf("%s-%d", token, i))
			defer c.Close()
			err := c.Bootstrap(t.Context(), bootstrap())
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if ErrorCode(err) == CodeConflict {
				lost++
			}
		})
	}
	if _, err := client.Status(t.Context()); err != nil {
		t.Errorf("the status waits for the bootstrap: %v", err)
	}
	close(guest.delay)
	all.Wait()
	if won != 1 || lost != 7 {
		t.Errorf("%d won and %d lost", won, lost)
	}
}

// TestFailedBootstrap: one that the guest refuses leaves the way free for another.
func TestFailedBootstrap(t *testing.T) {
	guest := &fakeGuest{err: Errorf(CodeForbidden, "environment.LD_PRELOAD: is not in the image's policy")}
	client, _ := serve(t, guest)
	if err := client.Bootstrap(t.Context(), bootstrap()); ErrorCode(err) != CodeForbidden || !strings.Contains(err.Error(), "LD_PRELOAD") {
		t.Errorf("error: %v", err)
	}
	if err := client.Stop(t.Context(), 0); ErrorCode(err) != CodeConflict {
		t.Errorf("a call before the bootstrap: %v", err)
	}
	guest.err = nil
	if err := client.Bootstrap(t.Context(), bootstrap()); err != nil {
		t.Error(err)
	}
}

// TestStrangers: without the token there is the state and nothing else.
func TestStrangers(t *testing.T) {
	guest := &fakeGuest{lines: make(chan Line)}
	client, url := serve(t, guest)
	if err := client.Bootstrap(t.Context(), bootstrap()); err != nil {
		t.Fatal(err)
	}
	stranger := dial(strings.TrimPrefix(url, "http://"), token+"x")
	defer stranger.Close()
	_, attest := stranger.Attest(t.Context(), Attestation{})
	for name, err := range map[string]error{
		"stop": stranger.Stop(t.Context(), 0), "files": stranger.PutFiles(t.Context(), bootstrap().Files),
		"attestation": attest, "logs": stranger.Logs(t.Context(), func(Line) {}),
	} {
		if ErrorCode(err) != CodeUnauthorized {
			t.Errorf("%s: %v", name, err)
		}
	}
	status, err := stranger.Status(t.Context())
	if diff := cmp.Diff(Status{State: StateRunning}, status); err != nil || diff != "" {
		t.Errorf("a stranger sees (-want +got):\n%s%v", diff, err)
	}
	if len(guest.stops)+len(guest.files)+len(guest.asked) != 0 {
		t.Error("the guest was called")
	}
}

// TestInternalErrorsStayInside: what went wrong in the guest is for its own log.
func TestInternalErrorsStayInside(t *testing.T) {
	guest := &fakeGuest{err: errors.New("the key is 0xdeadbeef")}
	client, _ := serve(t, guest)
	err := client.Bootstrap(t.Context(), bootstrap())
	if ErrorCode(err) != CodeInternal || strings.Contains(err.Error(), "deadbeef") {
		t.Errorf("error: %v", err)
	}
}

func TestLogs(t *testing.T) {
	guest := &fakeGuest{lines: make(chan Line, 3)}
	client, _ := serve(t, guest)
	if err := client.Bootstrap(t.Context(), bootstrap()); err != nil {
		t.Fatal(err)
	}
	want := []Line{
		{Time: time.Unix(1, 0).UTC(), Stream: StreamStdout, Text: "one"},
		{Time: time.Unix(2, 0).UTC(), Stream: StreamStderr, Text: "two\nlines", Dropped: 4},
	}
	for _, line := range want {
		guest.lines <- line
	}
	close(guest.lines)
	var got []Line
	if err := client.Logs(t.Context(), func(line Line) { got = append(got, line) }); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestLogsEndWithTheContext: an enclave that has ended may never close its stream.
func TestLogsEndWithTheContext(t *testing.T) {
	guest := &fakeGuest{lines: make(chan Line, 1)}
	client, _ := serve(t, guest)
	if err := client.Bootstrap(t.Context(), bootstrap()); err != nil {
		t.Fatal(err)
	}
	guest.lines <- Line{Text: "first"}
	ctx, cancel := context.WithCancel(t.Context())
	err := client.Logs(ctx, func(Line) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
}

// TestBadRequests are what a stranger or a newer parent may send.
func TestBadRequests(t *testing.T) {
	_, url := serve(t, &fakeGuest{})
	for name, tc := range map[string]struct {
		kind, body string
		status     int
		says       string
	}{
		"no JSON":       {jsonType, "token", 400, "body: "},
		"other type":    {"text/plain", "{}", 400, "Content-Type: must be application/json"},
		"unknown field": {jsonType, `{"token":"` + token + `","sudo":true}`, 400, `unknown field \"sudo\"`},
		"two objects":   {jsonType, `{"token":"` + token + `","time":"2026-01-01T00:00:00Z"}{}`, 400, "one JSON object"},
		"empty":         {jsonType, "{}", 400, "token: must be 32 to 256"},
		"too large":     {jsonType, `{"token":"` + strings.Repeat("x", MaxBodyBytes) + `"}`, 413, "at most 8388608 bytes"},
		"large after":   {jsonType, `{}` + strings.Repeat(" ", MaxBodyBytes), 413, "at most 8388608 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := post(t, http.MethodPost, url+"/v1/bootstrap", tc.kind, tc.body)
			if status != tc.status || !strings.Contains(body, tc.says) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	if status, _ := post(t, http.MethodPost, url+"/v2/bootstrap", jsonType, "{}"); status != http.StatusNotFound {
		t.Errorf("an unknown path has status %d", status)
	}
	if status, _ := post(t, http.MethodDelete, url+"/v1/status", jsonType, ""); status != http.StatusMethodNotAllowed {
		t.Errorf("an unknown method has status %d", status)
	}
}
