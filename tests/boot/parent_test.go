package boot

import (
	"context"
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
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

const (
	testPolicy = `{"version":1,"egress":["config.example.com:80","169.254.170.23:80","[fd00:ec2::23]:80"],"environment":["GREETING"],
"files":["/etc/containment-chamber/config.json","/var/run/secrets/token"]}`
	token      = "0123456789abcdef0123456789abcdef"
	egressPort = 7001
)

// enclaveImage builds an image as chamber eif build does: our kernel, our init and a
// payload that is not root.
func (m *machine) enclaveImage(t *testing.T, changes ...func(*imagebuild.Request)) image {
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
	for _, change := range changes {
		change(&r)
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
	*started
	ctx    context.Context
	client *control.Client
	began  time.Time
}

// startGuest does as a supervisor: it launches, waits for the sign of life, and opens
// ports for the endpoints before it sends the bootstrap that names them.
func (m *machine) startGuest(t *testing.T, im image) *guestRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	l, request := m.launcher(), request(im.path)
	if findings := l.Preflight(ctx, request); len(findings) > 0 {
		t.Fatal(launch.Findings(findings))
	}
	r := &guestRun{ctx: ctx, began: time.Now()}
	var err error
	if r.started, err = start(ctx, t, l, request); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			terminate(ctx, t, r)
			t.Logf("console:\n%s", r.wholeConsole())
		}
	})
	t.Logf("the machine runs after %.2f s", time.Since(r.began).Seconds())
	if err := r.Booted(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("the first sign of life came after %.2f s", time.Since(r.began).Seconds())
	r.serveEgress(t)
	r.client = r.clientWith(t, token)
	status := r.await(t, control.StateWaiting)
	if status.PCRs != nil || status.Payload != nil {
		t.Errorf("before the bootstrap there is more than the state: %+v", status)
	}
	return r
}

func (r *guestRun) clientWith(t *testing.T, token string) *control.Client {
	client := control.NewClient(func(ctx context.Context) (net.Conn, error) { return r.Link().Dial(ctx, contract.PortControl) }, token)
	t.Cleanup(client.Close)
	return client
}

// serveEgress is an endpoint behind the parent's port.
func (r *guestRun) serveEgress(t *testing.T) {
	t.Helper()
	listener, err := r.Link().Listen(r.ctx, egressPort)
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
		case <-r.Done():
			t.Fatalf("the enclave ended before it was %s: %v", state, r.Err())
		case <-r.ctx.Done():
			t.Fatalf("the guest is %+v (%v), not %s", status, err, state)
		}
	}
}

// get asks the payload through the ingress, until the guest has opened it.
func (r *guestRun) get(t *testing.T, path string, query ...string) string {
	t.Helper()
	return r.getFrom(t, contract.PortAPI, path, query...)
}

func (r *guestRun) getFrom(t *testing.T, port uint32, path string, query ...string) string {
	t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.Link().Dial(ctx, port) }}
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

func (r *guestRun) wantEnd(t *testing.T) {
	t.Helper()
	if err := r.wait(r.ctx); err != nil {
		t.Fatalf("the enclave ended with %v", err)
	}
	if starts := strings.Count(r.wholeConsole(), "Linux version "); starts != 1 {
		t.Errorf("the kernel has started %d times", starts)
	}
}

// exit tells the payload to end, which leaves the call without an answer.
func (r *guestRun) exit(t *testing.T, code int) {
	t.Helper()
	conn, err := r.Link().Dial(r.ctx, contract.PortAPI)
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
