package boot

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

func bootstrap() control.Bootstrap {
	return control.Bootstrap{
		Time: time.Now(), Environment: map[string]string{"GREETING": "parent"},
		Files: []control.File{{Path: "/var/run/secrets/token", Content: []byte("first")}, {Path: "/etc/containment-chamber/config.json", Content: []byte("{}"), Mode: 0o440}},
		Egress: []control.Egress{
			{Host: "config.example.com", Port: 80, ParentPort: egressPort}, {Host: "169.254.170.23", Port: 80, ParentPort: egressPort},
			{Host: "fd00:ec2::23", Port: 80, ParentPort: egressPort},
		},
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

	wantPrefix(t, r.get(t, "/upcheck"), "200 OK up")
	t.Logf("the payload answers after %.2f s", time.Since(r.began).Seconds())
	// This port the payload has itself, and the guest leaves it alone.
	wantPrefix(t, r.getFrom(t, contract.PortMetrics, "/metrics"), "200 OK by vsock")
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
		"NoNewPrivs: 1", "CapEff: 0000000000000000", "Groups:\n", "127.0.0.1/8", "169.254.170.23/32", "fd00:ec2::23/128", "::1/128",
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
	wantPrefix(t, r.get(t, "/fetch", "url", "http://[fd00:ec2::23]/v1/credentials"), "200 OK you asked [fd00:ec2::23] for /v1/credentials")
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
	for _, want := range []string{control.StreamStdout + " hello from the payload", control.StreamStderr + " and from its standard error",
		control.StreamGuest + ` level=INFO msg="the payload has the vsock port itself" port=3000`} {
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
