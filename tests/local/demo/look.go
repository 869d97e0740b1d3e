package demo

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os/exec"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli/shape"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/enclavenode"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// Release is what was seen of a release that runs.
type Release struct {
	Tag, Pod string
	// PCR0 is what the enclave's security module says, and was built.
	PCR0 string
	// Signatures is how many were verified, Attested how often KMS has answered to an
	// attestation document so far.
	Signatures, Attested int
	// Took is how long `pulumi up` took.
	Took time.Duration
}

// look asks the chamber's pod what it runs, and uses it.
func (e *enclave) look(ctx context.Context, release enclavenode.Release) (Release, error) {
	seen := Release{Tag: release.Tag}
	pod, err := e.awaitPod(ctx, release.Tag)
	if err != nil {
		return seen, err
	}
	seen.Pod = pod.Name
	if seen.PCR0, err = e.wantMeasured(ctx, pod, release); err != nil {
		return seen, err
	}
	if seen.Signatures, err = e.sign(ctx, pod); err != nil {
		return seen, err
	}
	seen.Attested, err = e.attested(ctx)
	return seen, err
}

func (e *enclave) client() (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", e.state.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the real node's kubeconfig: %w", err)
	}
	return kubernetes.NewForConfig(config)
}

func (e *enclave) pods(ctx context.Context) ([]corev1.Pod, error) {
	client, err := e.client()
	if err != nil {
		return nil, err
	}
	list, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: nameLabel + "=" + chamberName})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// awaitPod waits until there is one pod, ready and of the release: `pulumi up` returns
// while the old one drains.
func (e *enclave) awaitPod(ctx context.Context, tag string) (*corev1.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, podPatience)
	defer cancel()
	for {
		pods, err := e.pods(ctx)
		if err == nil && len(pods) == 1 && state(&pods[0]) == "Ready" && strings.Contains(pods[0].Spec.Containers[0].Image, ":"+tag) {
			return &pods[0], nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("waiting for the chamber's pod: %w", ctx.Err()), err)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// watchPods says which pods there are as often as that changes.
func (e *enclave) watchPods(ctx context.Context) {
	for last := ""; ctx.Err() == nil; time.Sleep(300 * time.Millisecond) {
		pods, err := e.pods(ctx)
		if err != nil {
			continue // it is only for the eye
		}
		var parts []string
		for i := range pods {
			_, tag, _ := strings.Cut(pods[i].Spec.Containers[0].Image, ":")
			parts = append(parts, fmt.Sprintf("%s (%s) %s%s", pods[i].Name, tag, state(&pods[i]), restarts(&pods[i])))
		}
		if now := strings.Join(parts, ", "); now != last && now != "" {
			e.say("    pods: %s\n", now)
			last = now
		}
	}
}

// restarts says why containers of a pod were started again; nothing if none was.
func restarts(pod *corev1.Pod) string {
	var text strings.Builder
	for _, c := range pod.Status.ContainerStatuses {
		if ended := c.LastTerminationState.Terminated; ended != nil {
			fmt.Fprintf(&text, ", restarted %d times, last after exit code %d: %s", c.RestartCount, ended.ExitCode, ended.Message)
		}
	}
	return text.String()
}

func (e *enclave) kubectl(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, e.local.Tools.KubeOne, append([]string{"kubectl", "--kubeconfig", e.state.Kubeconfig}, args...)...) //nolint:gosec // ours
}

// wantMeasured asks as people do, and compares with what was built.
func (e *enclave) wantMeasured(ctx context.Context, pod *corev1.Pod, release enclavenode.Release) (pcr0 string, err error) {
	cmd := e.kubectl(ctx, "exec", "--namespace", pod.Namespace, pod.Name, "--", "nitro-cli", "describe-enclaves")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("nitro-cli describe-enclaves: %w", err)
	}
	var enclaves []shape.Enclave
	if err := json.Unmarshal(out, &enclaves); err != nil || len(enclaves) != 1 || enclaves[0].Measurements == nil {
		return "", fmt.Errorf("nitro-cli describe-enclaves has answered (%w): %s", err, out)
	}
	got, want := enclaves[0].Measurements, release.Measurements
	if got.PCR0 != want.PCR0 || got.PCR1 != want.PCR1 || got.PCR2 != want.PCR2 || got.PCR8 == nil || *got.PCR8 != *want.PCR8 {
		return "", fmt.Errorf("the enclave's measurements are %+v, and %+v were built", got, want)
	}
	return hex.EncodeToString(got.PCR0[:]), nil
}

// sign asks for a signature of each type through kubectl port-forward, and verifies them.
func (e *enclave) sign(ctx context.Context, pod *corev1.Pod) (verified int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := e.kubectl(ctx, "port-forward", "--namespace", pod.Namespace, "pod/"+pod.Name, fmt.Sprintf(":%d", contract.PortAPI))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		cancel()
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_, rest, found := strings.Cut(line, "Forwarding from ")
	if err != nil || !found {
		return 0, fmt.Errorf("kubectl port-forward says %q (%w)", line, err)
	}
	address, _, _ := strings.Cut(rest, " ")
	s := &client.Client{Base: "http://" + address}
	keys, err := s.Keys(ctx)
	if err != nil || len(keys) == 0 {
		return 0, fmt.Errorf("asking for the signer's keys (%d): %w", len(keys), err)
	}
	// A later epoch than last time, or the signer refuses.
	epoch := eth2.Uint(time.Now().Unix())
	for _, request := range client.Requests(epoch) {
		if err := s.SignAndVerify(ctx, keys[0], request, eth2.Networks()[client.Network]); err != nil {
			return verified, fmt.Errorf("%s: %w", request.Type, err)
		}
		verified++
	}
	return verified, nil
}

// attested counts what came through the pod's egress with an attestation document.
func (e *enclave) attested(ctx context.Context) (n int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.state.AWS, http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	var calls []awsstub.Request
	if err := json.NewDecoder(response.Body).Decode(&calls); err != nil {
		return 0, err
	}
	for _, c := range calls {
		if c.Service == "kms" && c.Attested && c.Status == http.StatusOK {
			n++
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("KMS was not asked with an attestation document: %+v", calls)
	}
	return n, nil
}

func lines(p []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(string(p)) {
			if !yield(strings.TrimRight(line, "\n")) {
				return
			}
		}
	}
}
