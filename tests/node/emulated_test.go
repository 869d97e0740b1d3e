package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/chamberimage"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/dnsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/realnode"
)

const (
	region = "us-east-1"
	// enclaveMiB is the enclave's memory.
	enclaveMiB = 256
	// hostMemory has, unlike with Nitro, room for the enclave: QEMU's guest is memory of
	// the pod. See docs/supervisor.md for the sum.
	hostMemory = "768Mi"
)

// emulated is what chambers with an enclave share.
type emulated struct {
	// images are two releases, which differ in PCR0.
	images [2]chamberimage.Image
	aws    *awsstub.Stub
}

// emulation makes it for the first test that wants it.
var emulation = sync.OnceValues(func() (*emulated, error) { return newEmulated(context.Background()) })

// needEmulated skips the test where kernel or emulator cannot be built.
func needEmulated(t *testing.T) *emulated {
	t.Helper()
	needNode(t)
	e, err := emulation()
	if errors.Is(err, debian.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newEmulated(ctx context.Context) (*emulated, error) {
	parts, err := chamberimage.Prepare(ctx, os.Stderr, shared.node.Dir)
	if err != nil {
		return nil, err
	}
	signer, err := chamberimage.NewSigner()
	if err != nil {
		return nil, err
	}
	e := &emulated{}
	var known []attest.PCR
	for i := range e.images {
		version := fmt.Sprintf("1.5.%d", i+1)
		im, err := parts.Build(ctx, chamberimage.Options{
			Ref: contract.DefaultImage + ":v" + version + contract.ImageSuffix, Version: version, Signer: signer,
		})
		if err != nil {
			return nil, err
		}
		if err := shared.node.ImportImage(ctx, im.Archive); err != nil {
			return nil, err
		}
		e.images[i] = im
		known = append(known, im.Measurements.PCR0[:])
	}
	if e.aws, err = awsstub.Start(ctx, awsstub.Options{Region: region, Document: awsstub.Emulated(known...), OnlyAttested: true}); err != nil {
		return nil, err
	}
	shared.closers = append(shared.closers, e.aws)
	e.aws.CreateTable(chamberimage.StateTable)
	return e, serveAWS(ctx, e.aws)
}

// serveAWS gives AWS's names to pods, by the node's DNS server, and answers there.
func serveAWS(ctx context.Context, aws *awsstub.Stub) error {
	https, err := shared.node.Listen(ctx, "tcp", net.JoinHostPort(realnode.Address, "443"))
	if err != nil {
		return err
	}
	aws.ServeTLS(https)
	dns, err := shared.node.ListenPacket(ctx, "udp", net.JoinHostPort(realnode.Address, "53"))
	if err != nil {
		return err
	}
	shared.closers = append(shared.closers, dns)
	names := map[string]netip.Addr{}
	for _, service := range []string{"kms", "dynamodb", "sts"} {
		names[aws.Host(service)] = netip.MustParseAddr(realnode.Address)
	}
	go func() {
		if err := dnsstub.Serve(dns, names); err != nil {
			fmt.Fprintln(os.Stderr, "node: DNS:", err)
		}
	}()
	return nil
}

// chamber makes a chamber of the first image: what arguments of ContainmentChamber
// change of the smallest one, and what EKS's webhook adds for IRSA.
func (e *emulated) chamber(edits ...edit) func(*objects) {
	return func(o *objects) {
		config, err := chamberimage.Config(e.aws)
		if err != nil {
			panic(err) // of values that are written here
		}
		data, err := json.Marshal(config)
		if err != nil {
			panic(err)
		}
		o.secret.StringData = map[string]string{contract.ConfigFile: string(data)}
		d := &o.deployment
		d.Spec.Template.Spec.Containers[0].Image = e.images[0].Ref
		setEnv(d, contract.EnvEnclaveMemoryMiB, fmt.Sprint(enclaveMiB))
		setEnv(d, contract.EnvAWSRegion, region)
		setEnv(d, contract.EnvEgress, strings.Join([]string{
			e.aws.Host("dynamodb") + ":443", e.aws.Host("kms") + ":443", e.aws.Host("sts") + ":443", "169.254.170.23:80",
		}, ","))
		replicas(1)(d)
		drainFor(contract.SignerDrainSeconds)(d)
		grace(contract.EndpointSeconds + contract.SignerDrainSeconds + contract.TerminateSeconds)(d)
		spec := &d.Spec.Template.Spec
		for _, list := range []corev1.ResourceList{spec.Containers[0].Resources.Limits, spec.Containers[0].Resources.Requests} {
			list[corev1.ResourceMemory] = resource.MustParse(hostMemory)
		}
		giveRole(spec)
		for _, edit := range edits {
			edit(d)
		}
	}
}

// giveRole does what EKS's webhook does to the pods of a service account with a role
// (aws/amazon-eks-pod-identity-webhook, README.md).
func giveRole(spec *corev1.PodSpec) {
	container, lifetime := &spec.Containers[0], int64(86400)
	container.Env = append(
		container.Env,
		corev1.EnvVar{Name: "AWS_ROLE_ARN", Value: "arn:aws:iam::123456789012:role/signer"},
		corev1.EnvVar{Name: "AWS_WEB_IDENTITY_TOKEN_FILE", Value: chamberimage.TokenFile},
	)
	container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{
		Name: "aws-iam-token", ReadOnly: true, MountPath: strings.TrimSuffix(chamberimage.TokenFile, "/token"),
	})
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "aws-iam-token", VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{
			ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: "sts.amazonaws.com", ExpirationSeconds: &lifetime, Path: "token"},
		}}},
	}})
}
