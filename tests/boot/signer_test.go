package boot

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/cloud"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

const (
	signerPolicy = `{"version":1,"egress":["*.us-east-1.amazonaws.com:443","169.254.170.23:80"],
"environment":["AWS_REGION","AWS_ROLE_ARN","AWS_WEB_IDENTITY_TOKEN_FILE",
"AWS_CONTAINER_CREDENTIALS_FULL_URI","AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
"files":["/etc/containment-chamber/config.json","/var/run/secrets/token"]}`
	signerKey = "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3"
	tokenPath = "/var/run/secrets/token"
	// firstService is the parent's port to the first of AWS's services.
	firstService = 7011
)

// TestSigner boots an image with the test signer in it. KMS answers to the security
// module's document alone, TLS to AWS ends in the enclave, and what is signed there is
// verified here.
func TestSigner(t *testing.T) {
	m := newMachine(t)
	im := m.signerImage(t)
	for _, tc := range []struct {
		name, listen string
		environment  map[string]string
	}{
		{"TCP and IRSA", "tcp", map[string]string{
			"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/signer", "AWS_WEB_IDENTITY_TOKEN_FILE": tokenPath,
		}},
		{"vsock and Pod Identity", "vsock", map[string]string{
			"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": tokenPath,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			aws := startAWS(t, im)
			r := m.startGuest(t, im)
			services := r.serveAWS(t, aws)
			if err := r.client.Bootstrap(r.ctx, signerBootstrap(t, aws, services, tc.listen, tc.environment)); err != nil {
				t.Fatal(err)
			}
			r.keepLogs(t)
			r.useSigner(t)
			wantAttested(t, aws)
			if err := r.client.Stop(r.ctx, time.Minute); err != nil {
				t.Error(err)
			}
			status := r.await(t, control.StateExited)
			if code := status.Payload.ExitCode; code == nil || *code != 0 {
				t.Errorf("the signer's status is %+v", status.Payload)
			}
			r.wantEnd(t)
		})
	}
}

func startAWS(t *testing.T, im image) *awsstub.Stub {
	t.Helper()
	aws, err := awsstub.Start(t.Context(), awsstub.Options{
		Document: awsstub.Emulated(attest.PCR(im.measurements.PCR0[:])), OnlyAttested: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	aws.CreateTable("containment-state")
	return aws
}

// useSigner asks for a signature of each type, and rotates the token.
func (r *guestRun) useSigner(t *testing.T) {
	t.Helper()
	c := &client.Client{Base: "http://enclave", HTTP: r.httpClient(t, contract.PortAPI)}
	r.awaitSigner(t, c, contract.PathHealthcheck)
	t.Logf("unsealed %.2f s after the start", time.Since(r.began).Seconds())
	keys, err := c.Keys(r.ctx)
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %v (%v)", keys, err)
	}
	for _, request := range client.Requests(60) {
		if err := c.SignAndVerify(r.ctx, keys[0], request, eth2.Networks()[client.Network]); err != nil {
			t.Errorf("%s: %v", request.Type, err)
		}
	}
	r.rotate(t, c)
	metrics := r.getFrom(t, contract.PortMetrics, contract.PathMetrics)
	if !strings.Contains(metrics, "containment_signer_state{state=\"unsealed\"} 1\n") {
		t.Error(metrics)
	}
}

func (m *machine) signerImage(t *testing.T) image {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "rootfs")
	for _, folder := range []string{"etc", "var", "run"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil { //nolint:gosec // a payload's root
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "etc/passwd"), "signer:x:1000:1001::/:\n")
	write(t, filepath.Join(dir, "policy.json"), signerPolicy)
	copyProgram(t, buildProgram(t, ".", "./signer"), filepath.Join(root, "signer"))
	r := imagebuild.Request{
		RootFS: root, KeepModes: true, Architecture: eif.X8664, Kernel: m.kernel, Cmdline: kernel.CommandLine,
		Init:   buildProgram(t, "..", "./cmd/enclave-init"),
		Policy: filepath.Join(dir, "policy.json"), Command: []string{"/signer", "server"},
		User: "signer", Name: "signer", Version: "1", Output: filepath.Join(dir, "signer.eif"),
	}
	result, err := imagebuild.Build(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the image has %d bytes", result.Size)
	return image{path: r.Output, measurements: result.Measurements}
}

// serveAWS opens a port of the parent for each service. What comes there is TLS, which
// the stand-in ends; a real parent passes it on. Pod Identity's agent speaks plain HTTP.
func (r *guestRun) serveAWS(t *testing.T, aws *awsstub.Stub) []control.Egress {
	t.Helper()
	list := []control.Egress{
		{Host: aws.Host("kms"), Port: 443}, {Host: aws.Host("dynamodb"), Port: 443}, {Host: aws.Host("sts"), Port: 443},
		{Host: "169.254.170.23", Port: 80},
	}
	for i := range list {
		list[i].ParentPort = firstService + uint32(i)
		listener, err := r.Link().Listen(r.ctx, list[i].ParentPort)
		if err != nil {
			t.Fatal(err)
		}
		if list[i].Port == 80 {
			aws.ServeAgent(listener)
		} else {
			aws.ServeTLS(listener)
		}
	}
	return list
}

func signerBootstrap(t *testing.T, aws *awsstub.Stub, services []control.Egress, listen string, environment map[string]string) control.Bootstrap {
	t.Helper()
	config, err := json.Marshal(map[string]any{
		"network": client.Network,
		"fixture": map[string]any{
			"secret_keys": []string{signerKey}, "attestation": "required", "ca_bundle_pem": string(aws.CA()), "listen": listen,
			"kms_ciphertext": aws.Encrypt([]byte("a master key of thirty-two bytes")),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := control.Bootstrap{
		Token: token, Time: time.Now(), Egress: services, Environment: maps.Clone(environment),
		Files: []control.File{
			{Path: contract.ConfigDir + "/" + contract.ConfigFile, Content: config},
			{Path: tokenPath, Content: []byte("first")},
		},
	}
	b.Environment["AWS_REGION"] = "us-east-1"
	return b
}

// httpClient reaches a port of the payload.
func (r *guestRun) httpClient(t *testing.T, port uint32) *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.Link().Dial(ctx, port) }}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// keepLogs shows what guest and signer have said, if the test fails.
func (r *guestRun) keepLogs(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	var reading sync.WaitGroup
	reading.Go(func() {
		_ = r.client.Logs(r.ctx, func(l control.Line) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, l.Stream+": "+l.Text)
		})
	})
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		if t.Failed() {
			t.Logf("logs:\n%s", strings.Join(lines, "\n"))
		}
	})
}

func (r *guestRun) awaitSigner(t *testing.T, c *client.Client, path string) {
	t.Helper()
	for {
		var answer map[string]any
		err := c.Get(r.ctx, path, &answer)
		if err == nil {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-r.ctx.Done():
			t.Fatalf("%s: %v", path, err)
		}
	}
}

// rotate gives the signer another token, as the supervisor does when kubelet has.
func (r *guestRun) rotate(t *testing.T, c *client.Client) {
	t.Helper()
	if err := r.client.PutFiles(r.ctx, []control.File{{Path: tokenPath, Content: []byte("second")}}); err != nil {
		t.Fatal(err)
	}
	for {
		var identity cloud.Identity
		err := c.Get(r.ctx, "/fixture/credentials", &identity)
		if err == nil && identity.AccessKeyID == awsstub.AccessKeyID("second") {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-r.ctx.Done():
			t.Fatalf("the signer uses %+v (%v)", identity, err)
		}
	}
}

func wantAttested(t *testing.T, aws *awsstub.Stub) {
	t.Helper()
	seen := map[string]bool{}
	for _, request := range aws.Requests() {
		seen[fmt.Sprintf("%s %s attested:%v %d", request.Service, request.Action, request.Attested, request.Status)] = true
	}
	for _, want := range []string{
		"kms Decrypt attested:true 200", "dynamodb PutItem attested:false 200", "dynamodb GetItem attested:false 200",
	} {
		if !seen[want] {
			t.Errorf("AWS has not seen %q: %v", want, seen)
		}
	}
	if got := aws.Tokens(); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("AWS has seen the tokens %q", got)
	}
}
