package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/podcheck"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

func TestStatusHelp(t *testing.T) {
	got, err := chamber("status", "--help")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "status-help.txt", got)
}

// statusResult has a good pod, one that waits, and one with several problems.
func statusResult() podcheck.Result {
	three, none := 3, 0
	return podcheck.Result{Notes: []string{"attestation is not checked"}, Pods: []podcheck.Report{
		{
			Namespace: "signers", Pod: "chamber-a", Node: "ip-10-0-1-2", Phase: "Running", Ready: true, State: "ready", Upcheck: 200, Healthcheck: 200, Readyz: 200,
			Keys: &three, Attestation: podcheck.VerifiedAWS, Module: "i-1-enc1", Signature: "0xab", Verdict: podcheck.OK, Findings: []podcheck.Finding{}, Notes: []string{},
		},
		{
			Namespace: "signers", Pod: "chamber-b", Phase: "Pending", Attestation: podcheck.NotChecked, Verdict: "no free slot", Notes: []string{},
			Findings: []podcheck.Finding{{Check: podcheck.CheckPod, Verdict: "no free slot", Seen: "0 < 1 & more", Cure: "`chamber nodes`"}},
		},
		{
			Namespace: "signers", Pod: "chamber-c", Node: "ip-10-0-1-3", Phase: "Running", Restarts: 12, State: "ready", Debug: true, Upcheck: 200, Healthcheck: 503, Readyz: 503,
			Keys: &none, Attestation: podcheck.Refused, Verdict: "sealed, and 1 more", Notes: []string{"it was restarted"},
			Findings: []podcheck.Finding{
				{Check: podcheck.CheckHealth, Verdict: "sealed", Seen: "503", Cure: "unseal it"},
				{Check: podcheck.CheckAttestation, Verdict: "wrong image", Seen: "pcrs[0]", Cure: "compare"},
			},
		},
	}}
}

func TestStatusGolden(t *testing.T) {
	for file, write := range map[string]func(io.Writer) error{
		"status.txt":        func(w io.Writer) error { return writeStatus(w, "table", statusResult(), false) },
		"status-signed.txt": func(w io.Writer) error { return writeStatus(w, "table", statusResult(), true) },
		"status.json":       func(w io.Writer) error { return writeStatus(w, "json", statusResult(), false) },
	} {
		t.Run(file, func(t *testing.T) {
			var out strings.Builder
			if err := write(&out); err != nil {
				t.Fatal(err)
			}
			golden(t, file, out.String())
		})
	}
}

// fakeReach answers as a pod does, and records what it was asked.
type fakeReach struct {
	exec func(ctx context.Context, command []string) ([]byte, error)
	http func(port string, w io.Writer, r *http.Request)
	dial error

	mu    sync.Mutex
	asked []string
	most  int // pods that were asked at the same time
	now   int
}

func (f *fakeReach) record(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, what)
}

func (f *fakeReach) Exec(ctx context.Context, pod *corev1.Pod, container string, command ...string) ([]byte, error) {
	f.mu.Lock()
	f.now++
	f.most = max(f.most, f.now)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	f.record(pod.Name + " " + container + ": " + strings.Join(command[:2], " "))
	return f.exec(ctx, command)
}

func (f *fakeReach) Dial(_ context.Context, pod *corev1.Pod, port int) (net.Conn, error) {
	if f.dial != nil {
		return nil, f.dial
	}
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = theirs.Close() }()
		reader := bufio.NewReader(theirs)
		for {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			body, _ := io.ReadAll(request.Body)
			f.record(fmt.Sprintf("%s:%d %s %s %q %s", pod.Name, port, request.Method, request.URL.Path, request.Header.Get("Authorization"), body))
			f.http(strconv.Itoa(port), theirs, request)
		}
	}()
	return ours, nil
}

func respond(w io.Writer, status int, body string) {
	fmt.Fprintf(w, "HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

func runningPod(name string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "signers", Name: name},
		Spec:       corev1.PodSpec{NodeName: "n", Containers: []corev1.Container{{Name: "chamber", Ports: []corev1.ContainerPort{{Name: contract.PortNameAPI, ContainerPort: 9100}}}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "chamber", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		},
	}
}

// healthy answers everything as a good pod does.
func healthy(document func(nonce []byte) []byte) *fakeReach {
	return &fakeReach{
		exec: func(_ context.Context, command []string) ([]byte, error) {
			if command[1] == contract.CommandDescribe {
				return []byte(`{"state":"ready","enclave":{"state":"RUNNING"}}`), nil
			}
			nonce, err := hex.DecodeString(command[3])
			return []byte(base64.StdEncoding.EncodeToString(document(nonce)) + "\n"), err
		},
		http: func(_ string, w io.Writer, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/publicKeys"):
				respond(w, 200, `["0x01"]`)
			case r.Method == http.MethodPost:
				respond(w, 200, `{"signature":"0x`+strings.Repeat("ab", 96)+`"}`)
			default:
				respond(w, 200, "OK")
			}
		},
	}
}

// TestStatusAsks: what is asked, of whom, and what comes of it.
func TestStatusAsks(t *testing.T) {
	e := newEvidence(t)
	t.Setenv("TOKEN", "cc_token_x")
	key := strings.Repeat("AB", 48)
	f := statusFlags{
		timeout: time.Minute, sign: signFlags{publicKey: "0x" + key, network: "hoodi", token: "env:TOKEN"},
		attest: attestFlags{output: "table", measurements: []string{e.dir + "/image.json"}, roots: []string{e.dir + "/root.pem"}},
	}
	q, options, err := f.questions()
	if err != nil {
		t.Fatal(err)
	}
	options.Policy.Time = time.Date(2026, 3, 14, 12, 0, 30, 0, time.UTC)
	r := healthy(func(nonce []byte) []byte { return e.document(e.issuer.Payload().With("nonce", nonce)) })
	result := podcheck.Inspect(q.askAll(t.Context(), r, []corev1.Pod{runningPod("a")}), options)
	if p := result.Pods[0]; p.Verdict != podcheck.OK || p.Attestation != podcheck.VerifiedOther || *p.Keys != 1 || len(p.Signature) != 194 || p.Readyz != 200 {
		t.Errorf("%+v", p)
	}
	want := []string{
		"a chamber: /usr/local/bin/enclave-supervisor attest", "a chamber: /usr/local/bin/enclave-supervisor describe",
		`a:9090 GET /readyz "" `, `a:9100 GET /api/v1/eth2/publicKeys "Bearer cc_token_x" `, `a:9100 GET /healthcheck "" `, `a:9100 GET /upcheck "" `,
		`a:9100 POST /api/v1/eth2/sign/0x` + strings.ToLower(key) + ` "Bearer cc_token_x" {"fork_info":{"fork":{"current_version":"0x10000910","epoch":"0","previous_version":"0x10000910"},` +
			`"genesis_validators_root":"0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f"},"randao_reveal":{"epoch":"0"},"type":"RANDAO_REVEAL"}`,
	}
	slices.Sort(r.asked)
	if diff := cmp.Diff(want, r.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// TestStatusAsksNoMoreThanNeeded: by default no document and no signature, nothing behind
// a closed door, and nobody who cannot answer.
func TestStatusAsksNoMoreThanNeeded(t *testing.T) {
	r := healthy(nil)
	r.http = func(_ string, w io.Writer, r *http.Request) {
		if r.URL.Path == contract.PathUpcheck {
			respond(w, 302, "")
			return
		}
		respond(w, 503, "")
	}
	pending, ending := runningPod("b"), runningPod("c")
	pending.Status.ContainerStatuses = nil
	ending.DeletionTimestamp = &metav1.Time{}
	questions{timeout: time.Minute, token: "secret"}.askAll(t.Context(), r, []corev1.Pod{runningPod("a"), pending, ending})
	want := []string{
		"a chamber: /usr/local/bin/enclave-supervisor describe", `a:9090 GET /readyz "" `, `a:9100 GET /healthcheck "" `, `a:9100 GET /upcheck "" `,
	}
	slices.Sort(r.asked)
	if diff := cmp.Diff(want, r.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	refusing := healthy(nil)
	refusing.dial = errors.New("nobody is there")
	facts := questions{timeout: time.Minute}.askAll(t.Context(), refusing, []corev1.Pod{runningPod("a")})
	if f := facts[0]; f.Up.Err == nil || f.Health.Err != nil || f.Supervisor == nil {
		t.Errorf("%+v", f)
	}
}

// TestStatusPartial: what hangs in a pod hides neither what else the pod says nor the
// other pods, and not all pods are asked at once.
func TestStatusPartial(t *testing.T) {
	r := healthy(nil)
	done := map[string]chan struct{}{}
	var pods []corev1.Pod
	for i := range 3 * statusMost {
		pods = append(pods, runningPod(fmt.Sprint("p", i)))
		pods[i].Spec.Containers[0].Ports[0].ContainerPort = int32(i + 1) //nolint:gosec // small
		done[strconv.Itoa(i+1)] = make(chan struct{})
	}
	answer := r.http
	r.http = func(port string, w io.Writer, request *http.Request) {
		answer(port, w, request)
		if strings.HasSuffix(request.URL.Path, "/publicKeys") {
			close(done[port])
		}
	}
	hang := &hangingReach{fakeReach: r, until: done}
	for _, f := range (questions{attest: true, timeout: time.Minute}).askAll(t.Context(), hang, pods) {
		if f.Supervisor == nil || f.Supervisor.State != "ready" || f.Up.Status != 200 || f.Keys.Status != 200 || !errors.Is(f.Evidence.Err, errHung) {
			t.Errorf("%s: %+v", f.Pod.Name, f)
		}
	}
	if r.most > 2*statusMost {
		t.Errorf("%d commands at a time", r.most)
	}
}

// hangingReach is one of pods that do not attest until all else has been answered.
type hangingReach struct {
	*fakeReach
	until map[string]chan struct{} // by the port of the API
}

var errHung = errors.New("the command was hanging")

func (h *hangingReach) Exec(ctx context.Context, pod *corev1.Pod, container string, command ...string) ([]byte, error) {
	if command[1] != contract.CommandAttest {
		return h.fakeReach.Exec(ctx, pod, container, command...)
	}
	select {
	case <-h.until[strconv.Itoa(int(pod.Spec.Containers[0].Ports[0].ContainerPort))]:
		return nil, errHung
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestStatusGivesUp(t *testing.T) {
	r := healthy(nil)
	r.exec = func(ctx context.Context, _ []string) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	facts := questions{attest: true, timeout: 10 * time.Millisecond}.askAll(t.Context(), r, []corev1.Pod{runningPod("a")})
	if f := facts[0]; !errors.Is(f.SupervisorErr, context.DeadlineExceeded) || !errors.Is(f.Evidence.Err, context.DeadlineExceeded) {
		t.Errorf("%+v", f)
	}
}

func TestStatusListsPods(t *testing.T) {
	waiting := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "signers", Name: "chamber-1"}, Status: corev1.PodStatus{
		Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "Insufficient aws.ec2.nitro/nitro_enclaves"}},
	}}
	second := waiting
	second.Name = "chamber-0"
	server := serve(t, nil, map[string][]corev1.Pod{"": {waiting, second}})
	config := server.kubeconfig(t, token)
	for args, path := range map[string]string{"": "/api/v1/namespaces/default/pods", "-n signers": "/api/v1/namespaces/signers/pods", "-A": "/api/v1/pods"} {
		server.asked = nil
		out, err := chamber(append([]string{"status", "--kubeconfig", config, "--context", "prod"}, strings.Fields(args)...)...)
		if err == nil || err.Error() != "something is wrong with 2 of 2 pods" || strings.Count(out, "no free slot: no node has a free slot") != 2 || !strings.Contains(out, "give --measurements") {
			t.Errorf("%q: %v, printed\n%s", args, err, out)
		}
		request := "GET " + path + " app.kubernetes.io/name=containment-chamber"
		if diff := cmp.Diff([]string{request, request}, server.asked); diff != "" {
			t.Errorf("%q: requests (-want +got):\n%s", args, diff)
		}
	}
}

func TestStatusRefuses(t *testing.T) {
	e := newEvidence(t)
	server := serve(t, nil, nil)
	t.Setenv("EMPTY", "")
	cluster := " --context prod --kubeconfig " + server.kubeconfig(t, token)
	key := " --sign 0x" + strings.Repeat("ab", 48)
	for args, want := range map[string]string{
		"-o yaml":                             `--output "yaml": use table or json`,
		"-A -n x":                             "--namespace and --all-namespaces: use one of them",
		"--timeout 0s" + cluster:              "--timeout 0s: must be more than 0",
		cluster:                               `there is no pod with the labels app.kubernetes.io/name=containment-chamber in the namespace "default": see --namespace`,
		"-A -l a=b" + cluster:                 "there is no pod with the labels a=b in any namespace: see --selector",
		"--sign 0xab --network hoodi":         `--sign "0xab": a public key has 96 hexadecimal digits`,
		key:                                   `--network "": --sign needs it; use one of hoodi, mainnet, sepolia`,
		key + " --network goerli":             `--network "goerli"`,
		"--auth-token cc_token_x":             "--auth-token: write it as env:NAME",
		"--auth-token env:EMPTY":              "--auth-token: the variable EMPTY is not set",
		"--root @root.pem":                    "nothing says which image the enclave must run: use --measurements",
		"--measurements @none.json":           "none.json: no such file",
		"--pcr 3=" + strings.Repeat("01", 48): "do not pin the image",
		"--measurements @image.json --max-age -1m": "maxAge",
		"--nonce 00": "unknown flag: --nonce",
		"--context prod --kubeconfig " + server.kubeconfig(t, "wrong"): "listing pods: you cannot list resource; chamber status --help says which rights",
		"x": "unknown command",
	} {
		t.Run(args, func(t *testing.T) {
			out, err := e.run("status "+args, "")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			if out != "" || err != nil && strings.Contains(err.Error(), "cc_token_x") {
				t.Errorf("printed %q besides", out)
			}
		})
	}
}
