package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
)

const (
	testPolicy = `{"version":1,"egress":["config.example.com:80","169.254.170.23:80"],"environment":["GREETING"],
"files":["/etc/containment-chamber/config.json","/var/run/secrets/token"]}`
	token      = "0123456789abcdef0123456789abcdef"
	egressPort = 7001
)

// enclaveImage builds an image as chamber eif build does: our kernel, our init and a
// payload that is not root.
func (m *machine) enclaveImage(t *testing.T) image {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "rootfs")
	for _, folder := range []string{"etc", "var", "run", "srv"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil { //nolint:gosec // a payload's root
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "etc/passwd"), "root:x:0:0::/:\nsigner:x:1000:1001::/:\n")
	write(t, filepath.Join(dir, "policy.json"), testPolicy)
	if err := os.Symlink("/run", filepath.Join(root, "var/run")); err != nil { // as in Debian's images
		t.Fatal(err)
	}
	copyProgram(t, buildProgram(t, ".", "./boot/payload"), filepath.Join(root, "payload"))
	r := imagebuild.Request{
		RootFS: root, KeepModes: true, Architecture: eif.X8664, Kernel: m.kernel, Cmdline: kernel.CommandLine,
		Init:   buildProgram(t, "..", "./cmd/enclave-init"),
		Policy: filepath.Join(dir, "policy.json"), Command: []string{"/payload", "an argument"}, Env: []string{"GREETING=image", "OTHER=image"},
		User: "signer", WorkingDir: "/srv", Name: "payload", Version: "1", Output: filepath.Join(dir, "payload.eif"),
	}
	result, err := imagebuild.Build(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the image has %d bytes", result.Size)
	return image{path: r.Output, measurements: result.Measurements}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // a payload's file
		t.Fatal(err)
	}
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
}

// guestRun is an enclave with our guest, and the parent's side of it.
type guestRun struct {
	*emulator.Enclave
	ctx    context.Context
	client *control.Client
	began  time.Time
	ended  chan error
}

func (m *machine) startGuest(t *testing.T, im image) *guestRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	enclave, err := emulator.New(m.programs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := enclave.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("console:\n%s", enclave.Console())
		}
	})
	r := &guestRun{Enclave: enclave, ctx: ctx, ended: make(chan error, 1)}
	r.serveEgress(t)
	r.began = time.Now()
	if err := enclave.Start(ctx, emulator.Options{Image: im.path}); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- enclave.Wait(ctx) }()
	r.client = r.clientWith(t, token)
	status := r.await(t, control.StateWaiting)
	t.Logf("the control channel answers after %.2f s", time.Since(r.began).Seconds())
	if status.PCRs != nil || status.Payload != nil {
		t.Errorf("before the bootstrap there is more than the state: %+v", status)
	}
	return r
}

func (r *guestRun) clientWith(t *testing.T, token string) *control.Client {
	client := control.NewClient(func(ctx context.Context) (net.Conn, error) { return r.Dial(ctx, contract.PortControl) }, token)
	t.Cleanup(client.Close)
	return client
}

// serveEgress is an endpoint behind the parent's port.
func (r *guestRun) serveEgress(t *testing.T) {
	t.Helper()
	listener, err := r.Listen(r.ctx, egressPort)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, _ = io.WriteString(w, "you asked "+request.Host+" for "+request.URL.Path)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// await polls until the guest has the state.
func (r *guestRun) await(t *testing.T, state control.State) control.Status {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
		status, err := r.client.Status(ctx)
		cancel()
		if err == nil && status.State == state {
			return status
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case err := <-r.ended:
			t.Fatalf("the enclave ended before it was %s: %v", state, err)
		case <-r.ctx.Done():
			t.Fatalf("the guest is %+v (%v), not %s", status, err, state)
		}
	}
}

// get asks the payload through the ingress, until the guest has opened it.
func (r *guestRun) get(t *testing.T, path string, query ...string) string {
	t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.Dial(ctx, contract.PortAPI) }}
	defer transport.CloseIdleConnections()
	for {
		request, err := http.NewRequestWithContext(r.ctx, http.MethodGet, "http://enclave"+path+"?"+values.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err == nil {
			defer func() { _ = response.Body.Close() }()
			body, _ := io.ReadAll(response.Body)
			return response.Status + " " + string(body)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-r.ctx.Done():
			t.Fatalf("%s: %v", path, err)
		}
	}
}

func bootstrap() control.Bootstrap {
	return control.Bootstrap{
		Time: time.Now(), Environment: map[string]string{"GREETING": "parent"},
		Files: []control.File{{Path: "/var/run/secrets/token", Content: []byte("first")}, {Path: "/etc/containment-chamber/config.json", Content: []byte("{}"), Mode: 0o440}},
		Egress: []control.Egress{
			{Host: "config.example.com", Port: 80, ParentPort: egressPort}, {Host: "169.254.170.23", Port: 80, ParentPort: egressPort},
		},
	}
}

func (r *guestRun) wantEnd(t *testing.T) {
	t.Helper()
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("the enclave ended with %v", err)
		}
	case <-r.ctx.Done():
		t.Error("the enclave has not ended")
	}
	if starts := strings.Count(r.Console(), "Linux version "); starts != 1 {
		t.Errorf("the kernel has started %d times", starts)
	}
}

// TestGuest goes through the life of an enclave with our init.
func TestGuest(t *testing.T) {
	m := newMachine(t)
	im := m.enclaveImage(t)
	r := m.startGuest(t, im)

	forbidden := bootstrap()
	forbidden.Egress = append(forbidden.Egress, control.Egress{Host: "evil.example.com", Port: 443, ParentPort: 1})
	if err := r.client.Bootstrap(r.ctx, forbidden); control.ErrorCode(err) != control.CodeForbidden || !strings.Contains(err.Error(), "evil.example.com:443") {
		t.Fatalf("a bootstrap beyond the policy: %v", err)
	}
	if err := r.client.Bootstrap(r.ctx, bootstrap()); err != nil {
		t.Fatal(err)
	}
	lines := make(chan control.Line, 10_000)
	logs := make(chan error, 1)
	go func() { logs <- r.client.Logs(r.ctx, func(l control.Line) { lines <- l }) }()

	wantPrefix(t, r.get(t, "/upcheck"), "200 OK OK")
	t.Logf("the payload answers after %.2f s", time.Since(r.began).Seconds())
	r.wantSelf(t)
	r.wantEgress(t)
	r.wantFiles(t)
	r.wantStrangersOut(t)
	r.wantMeasured(t, im)

	if err := r.client.Stop(r.ctx, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	status := r.await(t, control.StateExited)
	if status.Payload == nil || status.Payload.ExitCode == nil || *status.Payload.ExitCode != 143 {
		t.Errorf("after the stop: %+v", status.Payload)
	}
	r.wantEnd(t)
	if err := <-logs; err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the log stream ended with %v", err)
	}
	wantLines(t, lines)
}

func wantPrefix(t *testing.T, got string, want string) {
	t.Helper()
	if !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// wantSelf: user, folder and environment of the image, with the parent's on top.
func (r *guestRun) wantSelf(t *testing.T) {
	t.Helper()
	self := r.get(t, "/self")
	for _, want := range []string{
		"uid 1000 gid 1001 dir /srv", `args ["/payload" "an argument"]`, `"GREETING=parent"`, `"OTHER=image"`,
		"NoNewPrivs: 1", "CapEff: 0000000000000000", "Groups:\n", "127.0.0.1/8", "169.254.170.23/32",
	} {
		if !strings.Contains(self, want) {
			t.Errorf("the payload lacks %q:\n%s", want, self)
		}
	}
	if strings.Contains(self, "settings.json") || strings.Contains(self, "rootfs") {
		t.Errorf("the payload sees the bootstrap ramdisk:\n%s", self)
	}
}

func (r *guestRun) wantEgress(t *testing.T) {
	t.Helper()
	wantPrefix(t, r.get(t, "/fetch", "url", "http://config.example.com/hello"), "200 OK you asked config.example.com for /hello")
	wantPrefix(t, r.get(t, "/fetch", "url", "http://169.254.170.23/v1/credentials"), "200 OK you asked 169.254.170.23 for /v1/credentials")
	wantPrefix(t, r.get(t, "/fetch", "url", "http://evil.example.com/"), "500 ")
}

func (r *guestRun) wantFiles(t *testing.T) {
	t.Helper()
	wantPrefix(t, r.get(t, "/file", "path", "/var/run/secrets/token"), "200 OK first")
	if err := r.client.PutFiles(r.ctx, []control.File{{Path: "/var/run/secrets/token", Content: []byte("second")}}); err != nil {
		t.Error(err)
	}
	wantPrefix(t, r.get(t, "/file", "path", "/var/run/secrets/token"), "200 OK second")
	err := r.client.PutFiles(r.ctx, []control.File{{Path: "/etc/passwd", Content: []byte("x")}})
	if control.ErrorCode(err) != control.CodeForbidden {
		t.Errorf("a file beyond the policy: %v", err)
	}
}

func (r *guestRun) wantStrangersOut(t *testing.T) {
	t.Helper()
	stranger := r.clientWith(t, strings.Repeat("x", 40))
	if err := stranger.Bootstrap(r.ctx, bootstrap()); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("a stranger's bootstrap: %v", err)
	}
	if err := stranger.Stop(r.ctx, 0); control.ErrorCode(err) != control.CodeUnauthorized {
		t.Errorf("a stranger's stop: %v", err)
	}
}

// wantMeasured: the status and the document tell the image's registers.
func (r *guestRun) wantMeasured(t *testing.T, im image) {
	t.Helper()
	status, err := r.client.Status(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for index, want := range map[string]eif.Digest{"0": im.measurements.PCR0, "1": im.measurements.PCR1, "2": im.measurements.PCR2} {
		if status.PCRs[index] != want.String() {
			t.Errorf("PCR%s is %s, want %s", index, status.PCRs[index], want)
		}
	}
	if status.Debug || status.RefusedBootstraps != 1 || status.Memory == nil || status.Payload == nil || status.State != control.StateRunning {
		t.Errorf("status %+v", status)
	}
	document, err := r.client.Attest(r.ctx, control.Attestation{Nonce: []byte("a nonce of the test")})
	if err != nil {
		t.Fatal(err)
	}
	wantDocument(t, document, im)
	t.Logf("payload running: %d of %d KiB available", status.Memory.Available>>10, status.Memory.Total>>10)
}

func wantLines(t *testing.T, lines <-chan control.Line) {
	t.Helper()
	seen := map[string]bool{}
	for len(lines) > 0 {
		line := <-lines
		seen[line.Stream+" "+line.Text] = true
	}
	for _, want := range []string{control.StreamStdout + " hello from the payload", control.StreamStderr + " and from its standard error"} {
		if !seen[want] {
			t.Errorf("no line %q among %d", want, len(seen))
		}
	}
}

// TestPayloadEnds: by itself, after a flood that nobody has read. The enclave ends all
// the same.
func TestPayloadEnds(t *testing.T) {
	m := newMachine(t)
	r := m.startGuest(t, m.enclaveImage(t))
	if err := r.client.Bootstrap(r.ctx, bootstrap()); err != nil {
		t.Fatal(err)
	}
	wantPrefix(t, r.get(t, "/flood", "lines", "50000"), "200 OK")
	status, err := r.client.Status(r.ctx)
	if err != nil || status.DroppedLogLines == 0 {
		t.Errorf("after the flood: %+v, %v", status, err)
	}
	r.exit(t, 3)
	status = r.await(t, control.StateExited)
	if status.Payload == nil || status.Payload.ExitCode == nil || *status.Payload.ExitCode != 3 {
		t.Errorf("after the end: %+v", status.Payload)
	}
	r.wantEnd(t)
}

// exit tells the payload to end, which leaves the call without an answer.
func (r *guestRun) exit(t *testing.T, code int) {
	t.Helper()
	conn, err := r.Dial(r.ctx, contract.PortAPI)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET /exit?code=%d HTTP/1.0\r\n\r\n", code); err != nil {
		t.Fatal(err)
	}
	// The guest cuts what the payload leaves behind, well before the enclave ends.
	_, _ = io.Copy(io.Discard, conn)
}
