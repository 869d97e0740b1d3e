package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// TestEnding: what the kubelet does between the deletion of a pod and its end.
func TestEnding(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edit edit
		want []string // the pod's log
	}{
		"Drained": {drainFor(2), []string{"started", "drain begins", "drain is over", "told to end", "ends"}},
		"Stubborn": {func(d *appsv1.Deployment) {
			setEnv(d, "STUBBORN", "yes")
			grace(4)(d)
		}, []string{"started", "drain begins", "drain is over", "told to end"}},
		// The hook is given up, and the program still told to end, before the kill.
		"DrainLongerThanGrace": {func(d *appsv1.Deployment) {
			drainFor(600)(d)
			grace(2)(d)
		}, []string{"started", "drain begins", "told to end", "ends"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := deploy(t, replicas(1), brisk, tc.edit)
			pod := c.ready()[0].Name
			log := c.follow(pod)
			c.scale(0)
			if diff := cmp.Diff(tc.want, log()); diff != "" {
				t.Errorf("the log (-want +got):\n%s", diff)
			}
			eventually(t, func() string {
				_, err := shared.client.CoreV1().Pods(c.namespace).Get(t.Context(), pod, metav1.GetOptions{})
				if apierrors.IsNotFound(err) {
					return ""
				}
				return fmt.Sprintf("the pod is still there (error: %v)", err)
			})
		})
	}
}

func grace(seconds int64) edit {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.TerminationGracePeriodSeconds = &seconds }
}

// follow reads the pod's log from its begin. The function that it returns waits for the
// end and returns the lines.
func (c *chamber) follow(pod string) func() []string {
	c.t.Helper()
	stream, err := shared.client.CoreV1().Pods(c.namespace).GetLogs(pod, &corev1.PodLogOptions{Follow: true}).Stream(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	var text bytes.Buffer
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(&text, stream)
		done <- errors.Join(err, stream.Close())
		close(done)
	}()
	return func() []string {
		if err := <-done; err != nil {
			c.t.Errorf("following the log: %v", err)
		}
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		// A kubelet that has removed the container before its log was read to the end
		// writes that into the stream.
		return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "rpc error: code = NotFound") })
	}
}

// TestReadiness: a pod whose signer must not sign gets no requests, and is not restarted.
func TestReadiness(t *testing.T) {
	c := deploy(t, replicas(2), brisk)
	pod := c.ready()[0]
	c.awaitEndpoints(2)
	c.post(t.Context(), pod, "/fail")
	c.awaitReady(1)
	c.awaitEndpoints(1)
	c.post(t.Context(), pod, "/recover")
	c.awaitReady(2)
	c.awaitEndpoints(2)
	for _, pod := range c.ready() {
		if restarts := pod.Status.ContainerStatuses[0].RestartCount; restarts != 0 {
			t.Errorf("%s was restarted %d times", pod.Name, restarts)
		}
	}
}

// awaitEndpoints waits until the Service of the API has so many ready endpoints.
func (c *chamber) awaitEndpoints(want int) {
	c.t.Helper()
	eventually(c.t, func() string {
		list, err := shared.client.DiscoveryV1().EndpointSlices(c.namespace).List(c.t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		ready := 0
		for _, slice := range list.Items {
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
					ready++
				}
			}
		}
		if ready != want {
			return fmt.Sprintf("%d endpoints are ready, want %d", ready, want)
		}
		return ""
	})
}

// post asks the payload for something, by the pod's own address.
func (c *chamber) post(ctx context.Context, pod corev1.Pod, path string) {
	c.t.Helper()
	url := "http://" + net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.PortAPI)) + path
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	response, err := shared.node.HTTP().Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		c.t.Errorf("%s answers %s", path, response.Status)
	}
}
