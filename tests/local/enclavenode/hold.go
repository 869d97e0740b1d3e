package enclavenode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/chamberimage"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/dnsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/enclavenode/shape"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/realnode"
)

// versions are the signer's in the two releases.
var versions = []string{"1.5.0", "1.6.0"}

// Hold is the holder: it starts the node, tells of it in dir and keeps it until the
// context ends. A machine that cannot run one is no error. It makes checkout, which is
// inside of the repository's, its working folder.
func Hold(ctx context.Context, dir, checkout, region string, out io.Writer) (err error) {
	if err := os.Chdir(checkout); err != nil {
		return err
	}
	h := &holder{dir: dir, region: region, out: out}
	defer func() {
		for _, c := range h.closers {
			err = errors.Join(err, c.Close())
		}
		if h.node != nil {
			err = errors.Join(err, h.node.Stop(context.WithoutCancel(ctx)))
		}
	}()
	err = h.start(ctx)
	if errors.Is(err, realnode.ErrUnavailable) || errors.Is(err, debian.ErrUnavailable) {
		return State{Unavailable: err.Error()}.write(dir)
	}
	if err != nil {
		return err
	}
	if err := h.state.write(dir); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

type holder struct {
	dir, region string
	out         io.Writer
	node        *realnode.Node
	aws         *awsstub.Stub
	state       State
	closers     []io.Closer
}

func (h *holder) start(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"starting kubelet, containerd and a control plane", h.startNode},
		{"building two releases of the chamber's image", h.importReleases},
		{"standing in for AWS", h.startAWS},
	} {
		begin := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		_, _ = fmt.Fprintf(h.out, "%s: %.1f s\n", step.what, time.Since(begin).Seconds())
	}
	return nil
}

func (h *holder) startNode(ctx context.Context) error {
	if err := realnode.Available(); err != nil {
		return err
	}
	profile, err := realnode.InstalledProfile()
	if err != nil {
		return err
	}
	programs, err := realnode.Build(ctx, h.out)
	if err != nil {
		return err
	}
	h.node, err = realnode.Start(ctx, realnode.Options{
		Programs: programs, Slots: shape.Slots, EnclaveCPUs: shape.Slots * shape.EnclaveCPUs, HugePages: shape.Slots * shape.EnclaveMiB / 2,
		SeccompProfiles: map[string][]byte{contract.SeccompProfile: profile},
	})
	if err != nil {
		return err
	}
	h.state.Kubeconfig, h.state.Logs = h.node.Kubeconfig, h.node.Dir
	client, err := h.node.Client()
	if err != nil {
		return err
	}
	return giveRoles(ctx, client)
}

// importReleases builds both, signed with one key, and gives them to the node.
func (h *holder) importReleases(ctx context.Context) error {
	dir, err := os.MkdirTemp(h.dir, "images-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	parts, err := chamberimage.Prepare(ctx, h.out, dir)
	if err != nil {
		return err
	}
	signer, err := chamberimage.NewSigner()
	if err != nil {
		return err
	}
	for _, version := range versions {
		tag := "v" + version
		im, err := parts.Build(ctx, chamberimage.Options{
			Ref: contract.DefaultImage + ":" + tag + contract.ImageSuffix, Version: version, Signer: signer,
		})
		if err != nil {
			return err
		}
		if err := h.node.ImportImage(ctx, im.Archive); err != nil {
			return err
		}
		h.state.Releases = append(h.state.Releases, Release{tag, im.Measurements})
	}
	return nil
}

// startAWS answers for AWS at the node's address, which its DNS server has for AWS's
// names. KMS gives the master key to the enclaves of both releases and to nobody else.
func (h *holder) startAWS(ctx context.Context) (err error) {
	var known []attest.PCR
	for i := range h.state.Releases {
		known = append(known, h.state.Releases[i].Measurements.PCR0[:])
	}
	h.aws, err = awsstub.Start(ctx, awsstub.Options{Region: h.region, Document: awsstub.Emulated(known...), OnlyAttested: true})
	if err != nil {
		return err
	}
	h.closers = append(h.closers, h.aws)
	h.aws.CreateTable(chamberimage.StateTable)
	if h.state.Config, err = chamberimage.Config(h.aws); err != nil {
		return err
	}
	https, err := h.node.Listen(ctx, "tcp", net.JoinHostPort(realnode.Address, "443"))
	if err != nil {
		return err
	}
	h.aws.ServeTLS(https)
	if err := h.startDNS(ctx); err != nil {
		return err
	}
	return h.tell(ctx)
}

func (h *holder) startDNS(ctx context.Context) error {
	conn, err := h.node.ListenPacket(ctx, "udp", net.JoinHostPort(realnode.Address, "53"))
	if err != nil {
		return err
	}
	h.closers = append(h.closers, conn)
	names := map[string]netip.Addr{}
	for _, service := range []string{"kms", "dynamodb", "sts"} {
		names[h.aws.Host(service)] = netip.MustParseAddr(realnode.Address)
	}
	go func() {
		if err := dnsstub.Serve(conn, names); err != nil {
			_, _ = fmt.Fprintln(h.out, "DNS:", err)
		}
	}()
	return nil
}

// tell serves the calls that AWS has seen.
func (h *holder) tell(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(h.aws.Requests())
	})}
	go func() { _ = server.Serve(l) }()
	h.closers = append(h.closers, server)
	h.state.AWS = l.Addr().String()
	return nil
}
