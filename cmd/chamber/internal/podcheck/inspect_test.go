package podcheck

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

var (
	at       = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	yes      = Answer{Status: http.StatusOK}
	sealed   = Answer{Status: http.StatusServiceUnavailable}
	refusing = Answer{Err: errors.New("failed to connect to localhost:9000: connection refused")}
	noRight  = apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "a", errors.New(`cannot create resource "pods/exec"`))
	// errOld is how a right that is missing looks like where client-go upgrades a connection.
	errOld = errors.New(`unable to upgrade connection: pods "a" is forbidden: User "u" cannot create`)
)

// good is a pod with which all is well. Names are written out: the product's constants
// might be wrong.
func good(name string, changes ...func(*Facts)) Facts {
	f := Facts{
		Pod: corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "signers", Name: name},
			Spec: corev1.PodSpec{NodeName: "n", Containers: []corev1.Container{
				{Name: "sidecar", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 1}}},
				{Name: "chamber", Env: []corev1.EnvVar{{Name: "CHAMBER_ENCLAVE_CPUS", Value: "2"}}, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 9100}}},
			}},
			Status: corev1.PodStatus{
				Phase: "Running", Conditions: []corev1.PodCondition{{Type: "Ready", Status: "True"}},
				ContainerStatuses: []corev1.ContainerStatus{
					{Name: "sidecar", RestartCount: 9},
					{Name: "chamber", Image: "signer:v1", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
				},
			},
		},
		Supervisor: &admin.Description{State: "ready", Since: at, Enclave: &admin.Enclave{State: admin.EnclaveRunning}},
		Up:         yes, Health: yes, Ready: yes, Keys: Answer{Status: http.StatusOK, Body: `["0x01","0x02"]`},
	}
	for _, change := range changes {
		change(&f)
	}
	return f
}

func waiting(reason, message string) func(*Facts) {
	return func(f *Facts) {
		f.Pod.Status.ContainerStatuses[1].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
		f.Up, f.Health, f.Ready, f.Keys, f.Supervisor = Answer{}, Answer{}, Answer{}, Answer{}, nil
	}
}

func died(code int32, reason, message string) func(*Facts) {
	return func(f *Facts) {
		status := &f.Pod.Status.ContainerStatuses[1]
		status.RestartCount = 3
		status.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: code, Reason: reason, Message: message, FinishedAt: metav1.NewTime(at),
		}}
	}
}

func crashing(code int32, reason, message string) func(*Facts) {
	return func(f *Facts) { waiting("CrashLoopBackOff", "back-off 5m")(f); died(code, reason, message)(f) }
}

func unscheduled(message string) func(*Facts) {
	return func(f *Facts) {
		f.Pod.Spec.NodeName, f.Pod.Status.Phase, f.Pod.Status.ContainerStatuses = "", "Pending", nil
		f.Pod.Status.Conditions = []corev1.PodCondition{{Type: "PodScheduled", Status: "False", Reason: "Unschedulable", Message: message}}
	}
}

func state(name, reason string) func(*Facts) {
	return func(f *Facts) { f.Supervisor.State, f.Supervisor.Reason, f.Up = name, reason, refusing }
}

func unasked(err error) func(*Facts) {
	return func(f *Facts) { f.Supervisor, f.SupervisorErr = nil, err }
}

// answer changes one of a pod's answers.
func answer(which func(*Facts) *Answer, a Answer) func(*Facts) {
	return func(f *Facts) { *which(f) = a }
}

func up(f *Facts) *Answer        { return &f.Up }
func health(f *Facts) *Answer    { return &f.Health }
func ready(f *Facts) *Answer     { return &f.Ready }
func keys(f *Facts) *Answer      { return &f.Keys }
func signature(f *Facts) *Answer { return &f.Signature }

func status(code int, body string) Answer { return Answer{Status: code, Body: body} }

// expect compares findings and notes, each given as "check verdict: words of what was
// seen | words of the cure" and "note: words".
func expect(t *testing.T, r Report, want ...string) {
	t.Helper()
	var got []string
	for _, f := range r.Findings {
		got = append(got, fmt.Sprintf("%s %s: %s | %s", f.Check, f.Verdict, f.Seen, f.Cure))
	}
	for _, note := range r.Notes {
		got = append(got, "note: "+note)
	}
	if len(got) != len(want) {
		t.Fatalf("got %d:\n%s\nwant %d:\n%s", len(got), strings.Join(got, "\n"), len(want), strings.Join(want, "\n"))
	}
	for i := range want {
		if strings.Contains(got[i], "cc-setup-abc") {
			t.Errorf("a secret is shown: %s", got[i])
		}
		head, words, _ := strings.Cut(want[i], ": ")
		seen, ok := strings.CutPrefix(got[i], head+": ")
		for word := range strings.SplitSeq(words, " | ") {
			if !ok || !strings.Contains(seen, word) {
				t.Errorf("got %q, want %q", got[i], want[i])
			}
		}
	}
}

func TestFindings(t *testing.T) {
	timeout := Answer{Err: fmt.Errorf("get: %w", &timeoutError{})}
	for name, tt := range map[string]struct {
		change func(*Facts)
		want   []string
	}{
		"nothing": {func(*Facts) {}, nil},

		"no slot":      {unscheduled("0/3 nodes are available: 3 Insufficient aws.ec2.nitro/nitro_enclaves."), []string{"pod no free slot: 3 Insufficient | `chamber nodes`"}},
		"no pages":     {unscheduled("0/3 nodes are available: 3 Insufficient hugepages-1Gi."), []string{"pod no free slot: hugepages-1Gi | `chamber nodes`"}},
		"no node":      {unscheduled("0/3 nodes are available: 3 node(s) had untolerated taint"), []string{"pod no node: untolerated taint | `chamber nodes`"}},
		"not looked":   {func(f *Facts) { unscheduled("")(f); f.Pod.Status.Conditions = nil }, []string{"pod no node: has not looked at it yet"}},
		"not reported": {func(f *Facts) { f.Pod.Status.ContainerStatuses = nil }, []string{"pod starting: kubelet has not reported | `kubectl -n signers describe pod a`"}},
		"evicted": {func(f *Facts) {
			f.Pod.Status.Phase, f.Pod.Status.Reason, f.Pod.Status.Message = "Failed", "Evicted", "low on\nmemory"
		},
			[]string{"pod ended: Evicted: low on memory: Failed | `kubectl -n signers delete pod a`"}},
		"ending": {func(f *Facts) { f.Pod.DeletionTimestamp = &metav1.Time{}; f.Up = refusing }, []string{"note: told to end"}},

		"no image":   {waiting("ImagePullBackOff", "Back-off pulling image"), []string{"pod no image: Back-off pulling | see that signer:v1 exists"}},
		"creating":   {waiting("ContainerCreating", ""), []string{"pod starting: ContainerCreating | wait"}},
		"no profile": {waiting("CreateContainerError", "cannot load seccomp profile"), []string{"pod no seccomp profile: cannot load | /var/lib/kubelet/seccomp/profiles/containment-chamber.json"}},
		"other":      {waiting("CreateContainerConfigError", "secret not found"), []string{"pod not started: CreateContainerConfigError: secret not found | describe pod"}},
		"first crash": {func(f *Facts) {
			f.Pod.Status.ContainerStatuses[1].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 7, FinishedAt: metav1.NewTime(at)}}
		}, []string{"pod signer ended: has ended 1 times, the last time at 2026-03-14T12:00:00Z: exit code 7: the signer has ended"}},
		"preflight": {crashing(3, "Error", "preflight:\n  pages: there are 0 of 2 MiB; use an enclave node"),
			[]string{"pod preflight failed: has ended 3 times | exit code 3 | pages: there are 0 of 2 MiB; use an enclave node | `kubectl -n signers logs a --previous`"}},
		"secret":        {crashing(7, "Error", `{"msg":"Setup token generated","setup_token":"cc-setup-abc"}`), []string{"pod signer ended: setup_token | ***"}},
		"out of memory": {crashing(137, "OOMKilled", ""), []string{"pod out of memory: exit code 137 | raise the memory"}},
		"unknown code":  {crashing(99, "Error", ""), []string{"pod crashed: exit code 99: this version does not know"}},
		"back again":    {died(8, "Error", "fell silent"), []string{"note: restarted 3 times | exit code 8: the enclave has ended by itself, or fell silent: fell silent"}},

		"booting":  {state("booting", ""), []string{"supervisor starting: is booting since 2026-03-14T12:00:00Z | wait"}},
		"draining": {state("draining", "drain requested"), []string{"supervisor draining: drain requested"}},
		"failed":   {state("failed", "no CPUs\x1b[2J are left"), []string{"supervisor failed: no CPUs [2J are left | `kubectl -n signers logs a`"}},
		"new":      {func(f *Facts) { f.Supervisor.State = "dreaming" }, []string{"supervisor unknown state: dreaming"}},
		"debug":    {func(f *Facts) { f.Supervisor.Enclave.Debug = true }, []string{"supervisor debug mode: not measured | no real keys"}},

		"no right":     {unasked(noRight), []string{"supervisor no right to ask: pods/exec | chamber status --help"}},
		"no right old": {unasked(errOld), []string{"supervisor no right to ask: cannot create | chamber status --help"}},
		"older image":  {unasked(errors.New(`enclave-supervisor: unknown command "describe"`)), []string{"note: its image is of a version before"}},
		"no socket":    {unasked(errors.New("no supervisor is running here")), []string{"supervisor no answer: no supervisor is running here"}},
		"all away": {func(f *Facts) { unasked(errors.New("x"))(f); f.Up = refusing },
			[]string{"supervisor no answer: x", "upcheck no answer: /upcheck does not answer: failed to connect to localhost:9000"}},

		"refuses":        {answer(up, refusing), []string{"upcheck no answer: connection refused | logs a"}},
		"slow":           {answer(up, timeout), []string{"upcheck no answer: /upcheck did not answer in time"}},
		"no forward":     {answer(up, Answer{Err: errOld}), []string{"upcheck no right to ask: is forbidden | --help"}},
		"not up":         {answer(up, status(500, "oops")), []string{"upcheck signer not up: /upcheck answers 500: oops"}},
		"sealed":         {answer(health, sealed), []string{"healthcheck sealed: /healthcheck answers 503, while /upcheck answers 200 | `containment-chamber operator unseal`"}},
		"unhealthy":      {answer(health, status(500, "")), []string{"healthcheck unhealthy: /healthcheck answers 500"}},
		"health is slow": {answer(health, timeout), []string{"healthcheck no answer: /healthcheck did not answer in time"}},
		"not ready":      {answer(ready, status(503, "the enclave has not answered for 6s\n")), []string{"readyz not ready: /readyz answers 503: the enclave has not answered for 6s"}},
		"no readyz":      {answer(ready, refusing), []string{"readyz no answer: connection refused"}},
		"ready soon":     {func(f *Facts) { f.Pod.Status.Conditions = nil }, []string{"note: kubelet has not noticed yet"}},

		"no keys":        {answer(keys, status(200, "[]")), []string{"keys no keys: no key to sign with | key source"}},
		"keys for whom":  {answer(keys, status(401, "who are you")), []string{"note: --auth-token env:NAME"}},
		"keys elsewhere": {answer(keys, status(404, "")), []string{"note: port 9443"}},
		"keys broken":    {answer(keys, status(200, "<html>")), []string{"keys no key list: cannot be read"}},
		"keys fail":      {answer(keys, status(500, "x")), []string{"keys no key list: answers 500: x"}},
		"keys time out":  {answer(keys, timeout), []string{"keys no answer: the list of public keys did not answer"}},

		"signed":         {answer(signature, status(200, `{"signature":"0x`+strings.Repeat("ab", 96)+`"}`)), nil},
		"signed in text": {answer(signature, status(200, "0x"+strings.Repeat("ab", 96)+"\n")), nil},
		"short":          {answer(signature, status(200, "0xabcd")), []string{"signature not signed: no signature: 0xabcd"}},
		"policy":         {answer(signature, status(403, "denied")), []string{"signature not allowed: answers 403: denied: a policy | --auth-token"}},
		"key":            {answer(signature, status(404, "")), []string{"signature no such key: answers 404 | `kubectl -n signers port-forward a 9000:9100`"}},
		"network":        {answer(signature, status(400, "fork")), []string{"signature not signed: fork | --network"}},
		"overload":       {answer(signature, status(503, "")), []string{"signature overloaded: answers 503"}},
		"slashing":       {answer(signature, status(412, "slashable")), []string{"signature not signed: answers 412: slashable"}},
		"no signature":   {answer(signature, refusing), []string{"signature no answer: connection refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			result := Inspect([]Facts{good("a", tt.change)}, Options{})
			expect(t, result.Pods[0], tt.want...)
			if r := result.Pods[0]; (r.Verdict == OK || r.Verdict == "ending") != (len(r.Findings) == 0) || result.Wrong() != min(len(r.Findings), 1) {
				t.Errorf("verdict %q, %d wrong", r.Verdict, result.Wrong())
			}
		})
	}
}

type timeoutError struct{}

func (*timeoutError) Error() string { return "too late" }
func (*timeoutError) Timeout() bool { return true }

// TestReport: what the table shows, and pods in their order.
func TestReport(t *testing.T) {
	result := Inspect([]Facts{good("b", died(8, "Error", "")), good("a", answer(keys, status(200, "[]")), answer(ready, sealed))}, Options{})
	if len(result.Pods) != 2 || len(result.Notes) != 1 || !strings.Contains(result.Notes[0], "give --measurements") {
		t.Fatalf("%+v", result)
	}
	a, b := result.Pods[0], result.Pods[1]
	if a.Pod != "a" || a.Verdict != "not ready, and 1 more" || *a.Keys != 0 || a.Readyz != 503 {
		t.Errorf("%+v", a)
	}
	if b.Restarts != 3 || b.Node != "n" || b.Phase != "Running" || !b.Ready || b.State != "ready" || *b.Keys != 2 || b.Attestation != NotChecked || b.Verdict != OK {
		t.Errorf("%+v", b)
	}
	if empty := Inspect(nil, Options{}); empty.Pods == nil || empty.Notes == nil {
		t.Error("lists that are empty are null in JSON")
	}
}

// TestSignaturesAgree: of one key and one message there is one signature.
func TestSignaturesAgree(t *testing.T) {
	one, other := status(200, "0x"+strings.Repeat("ab", 96)), status(200, "0x"+strings.Repeat("cd", 96))
	for name, tt := range map[string]struct {
		given []Answer
		wrong string
	}{
		"all":       {[]Answer{one, one, {}}, ""},
		"the fewer": {[]Answer{one, other, other}, "a"},
		"two":       {[]Answer{one, other}, "b"},
	} {
		var facts []Facts
		for i, a := range tt.given {
			facts = append(facts, good(string(rune('a'+i)), answer(signature, a)))
		}
		var wrong strings.Builder
		for _, r := range Inspect(facts, Options{}).Pods {
			for _, f := range r.Findings {
				wrong.WriteString(r.Pod)
				if f.Verdict != "other signature" {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
		if wrong.String() != tt.wrong {
			t.Errorf("%s: %q are wrong", name, wrong.String())
		}
	}
}

// TestLanguage compares with what the supervisor says.
func TestLanguage(t *testing.T) {
	for _, code := range []int{0, supervisor.ExitInternal, supervisor.ExitConfig, supervisor.ExitPreflight, supervisor.ExitLaunch, supervisor.ExitBootstrap, supervisor.ExitIntrusion, supervisor.ExitPayload, supervisor.ExitEnclave} {
		if deaths[int32(code)].verdict == "" { //nolint:gosec // small
			t.Errorf("code %d has no verdict", code)
		}
	}
	if len(deaths) != supervisor.ExitEnclave+1 {
		t.Errorf("%d codes", len(deaths))
	}
	for _, s := range lifecycle.States() {
		r := Inspect([]Facts{good("a", func(f *Facts) { f.Supervisor.State = string(s) })}, Options{}).Pods[0]
		if r.Verdict == "unknown state" || (r.Verdict == OK) != (s == lifecycle.Ready) {
			t.Errorf("%s: %s", s, r.Verdict)
		}
	}
}

func TestContainer(t *testing.T) {
	pod := good("a").Pod
	if c := Container(&pod); c.Name != "chamber" {
		t.Errorf("container %s", c.Name)
	}
	if got := []int{Port(&pod, "http", 9000), Port(&pod, "supervisor", 9090)}; got[0] != 9100 || got[1] != 9090 {
		t.Errorf("ports %v", got)
	}
	if !Running(&pod) || Running(&corev1.Pod{}) {
		t.Error("running")
	}
	pod.Spec.Containers = pod.Spec.Containers[:1]
	if c := Container(&pod); c.Name != "sidecar" {
		t.Errorf("container %s", c.Name)
	}
}
