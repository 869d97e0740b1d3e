package chamber

import (
	"context"
	"fmt"
	"sync"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/netns"
)

const (
	// agent is the address of EKS Pod Identity's agent on every node.
	agent = "169.254.170.23"
	// deadHost is an endpoint of the pod where nobody listens.
	deadHost = "db.example.com"
)

// Services are AWS's that a signer calls. Each has an address of its own in the pod, so
// that the connections to one can be told from those to another.
var Services = []string{"kms", "dynamodb", "sts"}

// AWS is the stand-in, and what the supervisor has forwarded to it.
type AWS struct {
	*awsstub.Stub

	mu   sync.Mutex
	taps map[string]*tap
}

// startAWS starts a stand-in whose KMS answers to the image's documents alone.
func startAWS(ctx context.Context, b *Built) (*AWS, error) {
	stub, err := awsstub.Start(ctx, awsstub.Options{
		Region: Region, Document: awsstub.Emulated(attest.PCR(b.Measurements.PCR0[:])), OnlyAttested: true,
	})
	if err != nil {
		return nil, err
	}
	stub.CreateTable("containment-state")
	return &AWS{Stub: stub, taps: map[string]*tap{}}, nil
}

// address is where a service is in the pod.
func address(service string) string {
	for i, s := range Services {
		if s == service {
			return fmt.Sprintf("127.0.1.%d", i+1)
		}
	}
	return "127.0.1.100"
}

// open lets a service be reached in the pod. Before, it refuses.
func (a *AWS) open(ctx context.Context, network *netns.Namespace, service string) error {
	if service == "pod-identity" {
		listener, err := network.Listen(ctx, "tcp", agent+":80")
		if err == nil {
			a.ServeAgent(listener)
		}
		return err
	}
	listener, err := network.Listen(ctx, "tcp", address(service)+":443")
	if err != nil {
		return err
	}
	t := &tap{Listener: listener}
	a.mu.Lock()
	a.taps[service] = t
	a.mu.Unlock()
	a.ServeTLS(t)
	return nil
}

// Traffic is what went through the supervisor to a service, by connection.
func (a *AWS) Traffic(service string) []Traffic {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taps[service] == nil {
		return nil
	}
	return a.taps[service].traffic()
}

// hosts is the pod's /etc/hosts.
func (a *AWS) hosts() string {
	text := "127.0.0.1 localhost\n" + address(deadHost) + " " + deadHost + "\n"
	for _, service := range Services {
		text += address(service) + " " + a.Host(service) + "\n"
	}
	return text
}
