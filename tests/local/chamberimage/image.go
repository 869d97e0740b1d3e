package chamberimage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/podimage"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
)

// EmulatorDir is where the image has the emulator.
const EmulatorDir = "/opt/emulator"

// SharedMemory is a folder that every pod has in memory, of 64 MiB with containerd. The
// emulator's copy of kernel and ramdisks does not fit into the 16 MiB of contract.TempDir.
const SharedMemory = "/dev/shm"

// Policy lets the enclave reach AWS in any region and take what IRSA gives it.
const Policy = `{"version":1,"egress":["*.us-east-1.amazonaws.com:443","*.eu-central-1.amazonaws.com:443","169.254.170.23:80"],
"environment":["AWS_REGION","AWS_ROLE_ARN","AWS_WEB_IDENTITY_TOKEN_FILE"],
"files":["` + contract.ConfigDir + "/" + contract.ConfigFile + `","` + TokenFile + `"]}`

// TokenFile is where EKS puts a service account's token for IRSA.
const TokenFile = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"

// Options are what differs between images.
type Options struct {
	// Ref is the image's name with a tag.
	Ref string
	// Version is the signer's, for the metadata. It is measured as an environment
	// variable, too: images of two versions have two PCR0.
	Version string
	// Signer signs the enclave image. Nil leaves it unsigned.
	Signer *eif.Signer
}

// Image is an image in an OCI archive.
type Image struct {
	Ref, Archive string
	Measurements eif.Measurements
}

// Build makes an image.
func (p *Parts) Build(ctx context.Context, o Options) (Image, error) {
	dir, err := os.MkdirTemp(p.dir, "image-")
	if err != nil {
		return Image{}, err
	}
	enclave := filepath.Join(dir, "enclave.eif")
	if err := p.buildEnclave(ctx, dir, enclave, o); err != nil {
		return Image{}, fmt.Errorf("building the enclave image: %w", err)
	}
	extra, err := p.emulatorFiles(ctx)
	if err != nil {
		return Image{}, err
	}
	set, err := podimage.BuildAll(ctx, podimage.Request{
		Supervisor: p.supervisor, EnclaveImage: enclave, Init: p.init, Extra: extra,
		Env: []string{
			contract.EnvLauncher + "=" + contract.LauncherQEMU, contract.EnvQEMUDir + "=" + EmulatorDir, "TMPDIR=" + SharedMemory,
		},
	})
	if err != nil {
		return Image{}, fmt.Errorf("building the pod's image: %w", err)
	}
	im := Image{Ref: o.Ref, Archive: filepath.Join(dir, "chamber.tar"), Measurements: set.Images[0].Measurements}
	return im, set.WriteArchive(ctx, im.Archive, o.Ref)
}

// buildEnclave makes the enclave image, with the signer as its payload.
func (p *Parts) buildEnclave(ctx context.Context, dir, output string, o Options) error {
	root := filepath.Join(dir, "rootfs")
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil { //nolint:gosec // a payload's root
		return err
	}
	if err := os.Link(p.signer, filepath.Join(root, "signer")); err != nil {
		return err
	}
	policy := filepath.Join(dir, "policy.json")
	for path, text := range map[string]string{filepath.Join(root, "etc", "passwd"): "signer:x:1000:1001::/:\n", policy: Policy} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // a payload's file
			return err
		}
	}
	_, err := imagebuild.Build(ctx, imagebuild.Request{
		RootFS: root, Architecture: eif.X8664, Kernel: p.Kernel.Image, Cmdline: kernel.CommandLine,
		Init: p.init, Policy: policy, Command: []string{"/signer", "server"}, Env: []string{"SIGNER_VERSION=" + o.Version},
		User: "signer", Name: "test-signer", Version: o.Version, Signer: o.Signer, Output: output,
	})
	return err
}

func (p *Parts) emulatorFiles(ctx context.Context) ([]podimage.File, error) {
	list, err := emulator.Files(ctx, p.Emulator, EmulatorDir)
	if err != nil {
		return nil, err
	}
	var files []podimage.File
	for _, f := range list {
		content, err := blob.File(f.Source)
		if err != nil {
			return nil, err
		}
		files = append(files, podimage.File{Path: f.Path, Mode: 0o755, Content: content})
	}
	return files, nil
}
