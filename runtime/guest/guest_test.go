//go:build linux

package guest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

func TestCrash(t *testing.T) {
	f := newGuest(t, "crash")
	f.bootstrap(t)
	<-f.Done()
	texts, _ := f.lines(t)
	all := strings.Join(texts, "\n")
	if !strings.Contains(all, "stderr last words") || !strings.Contains(all, "code=137") {
		t.Errorf("log:\n%s", all)
	}
	f.wantExit(t, 128+9)
}

func TestIgnoresTheTerm(t *testing.T) {
	f := newGuest(t, "ignore")
	f.bootstrap(t)
	f.wantLine(t, "stdout ready") // before that it would not ignore it yet
	if err := f.client.Stop(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if status, err := f.client.Status(t.Context()); err != nil || status.State != control.StateStopping {
		t.Errorf("state %s: %v", status.State, err)
	}
	f.wantExit(t, 128+9)
}

// TestFlood: nobody reads, the payload is not held up, and what is lost is counted.
func TestFlood(t *testing.T) {
	f := newGuest(t, "flood")
	f.bootstrap(t)
	select {
	case <-f.Done():
	case <-time.After(deadline):
		t.Fatal("the payload is stuck")
	}
	texts, dropped := f.lines(t)
	if len(texts) > 1000 || dropped == 0 {
		t.Errorf("%d lines, %d dropped", len(texts), dropped)
	}
	status, err := f.client.Status(t.Context())
	if err != nil || status.DroppedLogLines != dropped {
		t.Errorf("the status says %d dropped, the stream %d: %v", status.DroppedLogLines, dropped, err)
	}
}

func TestBeforeTheBootstrap(t *testing.T) {
	f := newGuest(t, "ignore")
	if err := f.Stop(t.Context(), control.Stop{}); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("a stop: %v", err)
	}
	if err := f.client.Stop(t.Context(), 0); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("a stop by call: %v", err)
	}
	if f.Status(t.Context()).State != control.StateWaiting {
		t.Error("it does not wait any more")
	}
}

// TestStrangerIsFirst: the supervisor learns it from its own refusal.
func TestStrangerIsFirst(t *testing.T) {
	f := newGuest(t, "ignore")
	stranger := f.clientWith(strings.Repeat("s", 40))
	defer stranger.Close()
	if err := stranger.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("error: %v", err)
	}
	if err := f.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("error of the guest itself: %v", err)
	}
	if err := f.client.PutFiles(t.Context(), []control.File{{Path: "/run/token"}}); control.ErrorCode(err) != control.CodeUnauthorized {
		t.Errorf("error: %v", err)
	}
}

// TestRefusedHasChangedNothing, and the next bootstrap may succeed.
func TestRefusedHasChangedNothing(t *testing.T) {
	f := newGuest(t, "ignore")
	for name, b := range map[string]control.Bootstrap{
		"environment": {Environment: map[string]string{"LD_PRELOAD": "x"}},
		"a file":      {Files: []control.File{{Path: "/run/token"}, {Path: "/etc/passwd"}}},
		"an endpoint": {Egress: []control.Egress{{Host: "a.b.example.com", Port: 7443, ParentPort: 1}}},
		"itself":      {Egress: []control.Egress{{Host: "localhost", Port: 7443, ParentPort: 1}}},
	} {
		b.Time = time.Now().Add(time.Hour)
		if code := control.ErrorCode(f.client.Bootstrap(t.Context(), b)); code != control.CodeForbidden && code != control.CodeInvalid {
			t.Errorf("%s: %s", name, code)
		}
	}
	if entries, err := os.ReadDir(f.root); err != nil || len(entries) > 0 || len(f.machine.clock) > 0 {
		t.Errorf("files %v, clock %v: %v", entries, f.machine.clock, err)
	}
	f.bootstrap(t)
}

func TestDebugMode(t *testing.T) {
	for name, tc := range map[string]struct {
		module  Module
		allowed bool
	}{
		"debug": {fakeModule{debugPCR}, false}, "no module": {nil, false}, "debug is allowed": {fakeModule{debugPCR}, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newGuest(t, "ignore", func(c *Config) { c.Module, c.Policy.Debug = tc.module, tc.allowed })
			err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()})
			if tc.allowed {
				if status, statusErr := f.client.Status(t.Context()); err != nil || statusErr != nil || !status.Debug {
					t.Errorf("status %+v: %v %v", status, err, statusErr)
				}
				return
			}
			if control.ErrorCode(err) != control.CodeForbidden || !strings.Contains(err.Error(), "debug mode") {
				t.Errorf("error: %v", err)
			}
		})
	}
}

// TestFailedStartEnds: there is no second try after half of a first one.
func TestFailedStartEnds(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no program": func(c *Config) { c.Launch.Command = []string{"/does/not/exist"} },
		"no user":    func(c *Config) { c.Launch.User = "nobody-knows" },
	} {
		t.Run(name, func(t *testing.T) {
			f := newGuest(t, "ignore", change)
			if err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); control.ErrorCode(err) != control.CodeInternal {
				t.Errorf("error: %v", err)
			}
			err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()})
			if err == nil {
				t.Error("a second try")
			}
			select {
			case err := <-f.served:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(deadline):
				t.Error("the guest has not ended")
			}
		})
	}
}

// TestPutFiles: within the policy, and only whole updates.
func TestPutFiles(t *testing.T) {
	f := newGuest(t, "ignore")
	f.bootstrap(t)
	put := func(paths ...string) error {
		var list []control.File
		for _, path := range paths {
			list = append(list, control.File{Path: path, Content: []byte("new")})
		}
		return f.client.PutFiles(t.Context(), list)
	}
	if err := put("/run/token", "/etc/passwd"); control.ErrorCode(err) != control.CodeForbidden {
		t.Errorf("error: %v", err)
	}
	token := filepath.Join(f.root, "run/token")
	if _, err := os.Stat(token); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half of a refused update is there: %v", err)
	}
	if err := put("/run/token"); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(token); err != nil || string(data) != "new" {
		t.Errorf("%q %v", data, err)
	}
}

// TestClock: the hint is taken within its bounds.
func TestClock(t *testing.T) {
	for name, tc := range map[string]struct {
		offset time.Duration
		set    int
	}{"ahead": {time.Hour, 1}, "far back": {-time.Hour, 0}, "the same": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			f := newGuest(t, "ignore")
			hint := time.Now().Add(tc.offset)
			if err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: hint}); err != nil {
				t.Fatal(err)
			}
			if len(f.machine.clock) != tc.set || tc.set == 1 && !f.machine.clock[0].Equal(hint) {
				t.Errorf("set to %v, the hint was %v", f.machine.clock, hint)
			}
		})
	}
}

func TestAttest(t *testing.T) {
	f := newGuest(t, "ignore")
	f.bootstrap(t)
	document, err := f.client.Attest(t.Context(), control.Attestation{Nonce: []byte("n")})
	if err != nil || string(document) != "document of n" {
		t.Errorf("%q %v", document, err)
	}
}

func TestAttestWithoutModule(t *testing.T) {
	f := newGuest(t, "ignore", func(c *Config) { c.Module, c.Policy.Debug = nil, true })
	f.bootstrap(t)
	if _, err := f.client.Attest(t.Context(), control.Attestation{}); control.ErrorCode(err) != control.CodeInternal {
		t.Errorf("error: %v", err)
	}
}

// TestThroughAndThrough: from the parent to the payload, and from there by a name that
// /etc/hosts has to the parent's port.
func TestThroughAndThrough(t *testing.T) {
	f := newGuest(t, "serve")
	endpoint, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = endpoint.Close() }()
	go func() {
		_ = http.Serve(endpoint, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // a test
			_, _ = io.WriteString(w, "reached as "+r.Host)
		}))
	}()
	f.link.ports[77] = endpoint.Addr().String()
	err = f.client.Bootstrap(t.Context(), control.Bootstrap{
		Time: time.Now(), Environment: map[string]string{"ENDPOINT": "http://127.100.0.1:7443/"},
		Egress: []control.Egress{{Host: "kms.example.com", Port: 7443, ParentPort: 77}},
	})
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := os.ReadFile(filepath.Join(f.root, "etc/hosts"))
	if want := "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.100.0.1\tkms.example.com\n"; err != nil || string(hosts) != want {
		t.Errorf("/etc/hosts is %q, want %q: %v", hosts, want, err)
	}
	address := f.payloadAddress(t)
	response, err := http.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || string(body) != "reached as 127.100.0.1:7443" {
		t.Errorf("%q %v", body, err)
	}
}
