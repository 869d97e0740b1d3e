package chamber

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/netns"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/pod"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/lodestar"
)

// Network is the one that the signer signs for, by its name in the configuration.
const Network = lodestar.Network

// SecretKey is the validator's, in hexadecimal digits.
const SecretKey = "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3"

// Options say what a chamber is like.
type Options struct {
	Identity Identity
	// Fixture is added to the section of that name of the signer's configuration.
	Fixture map[string]any
	// TempBytes is how much the pod's folder for temporary files holds. Zero is what
	// ContainmentChamber gives it.
	TempBytes int64
	// Dead are services that refuse connections until Open is called.
	Dead []string
}

// Chamber is a running one.
type Chamber struct {
	*pod.Pod
	AWS *AWS
	// Hook is the pod's preStop hook.
	Hook []string

	token       projected
	termination string
}

// Start starts a chamber in an empty folder and returns when its supervisor runs, which is
// long before it is ready.
func (b *Built) Start(ctx context.Context, dir string, o Options) (_ *Chamber, err error) {
	aws, err := startAWS(ctx, b)
	if err != nil {
		return nil, err
	}
	c := &Chamber{AWS: aws, token: o.Identity.volume(filepath.Join(dir, "token")), termination: filepath.Join(dir, "termination-log")}
	defer func() {
		if err != nil {
			err = errors.Join(err, aws.Close())
		}
	}()
	if err := c.files(dir, o); err != nil {
		return nil, err
	}
	spec, err := c.spec(b, dir, o)
	if err != nil {
		return nil, err
	}
	c.Pod, err = pod.Start(ctx, spec, filepath.Join(dir, "root"), func(network *netns.Namespace) error {
		for _, service := range append(slices.Clone(Services), "pod-identity") {
			if slices.Contains(o.Dead, service) {
				continue
			}
			if err := aws.open(ctx, network, service); err != nil {
				return err
			}
		}
		return nil
	})
	return c, err
}

// files writes what kubelet and its volumes bring.
func (c *Chamber) files(dir string, o Options) error {
	for _, folder := range []string{"root", "config", "token"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil { //nolint:gosec // a pod's user reads it
			return err
		}
	}
	fixture := map[string]any{
		"secret_keys": []string{SecretKey}, "attestation": "required", "ca_bundle_pem": string(c.AWS.CA()),
		"kms_ciphertext": c.AWS.Encrypt([]byte("a master key of thirty-two bytes")),
	}
	maps.Copy(fixture, o.Fixture)
	config, err := json.Marshal(map[string]any{"network": Network, "fixture": fixture})
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		filepath.Join("config", contract.ConfigFile): config, "hosts": []byte(c.AWS.hosts()), "termination-log": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil { //nolint:gosec // a pod's user reads it
			return err
		}
	}
	if err := os.Chmod(c.termination, 0o666); err != nil { //nolint:gosec // as kubelet does
		return err
	}
	return c.token.write(Token("first"))
}

func (c *Chamber) spec(b *Built, dir string, o Options) (pod.Spec, error) {
	registered, err := readPod()
	if err != nil {
		return pod.Spec{}, err
	}
	security := registered.SecurityContext
	s := pod.Spec{
		Args: []string{contract.SupervisorPath}, Hostname: PodName,
		Env: slices.Concat(registered.environment(), o.Identity.env, []string{contract.EnvLauncher + "=" + contract.LauncherQEMU, contract.EnvQEMUDir + "=" + qemuDir}),
		UID: security.RunAsUser, GID: security.RunAsGroup, Groups: append([]int{security.FSGroup}, security.SupplementalGroups...),
		Addresses: []string{agent},
		Mounts: slices.Concat(b.files, []pod.Mount{
			{Source: filepath.Join(dir, "config"), Path: contract.ConfigDir}, {Source: filepath.Join(dir, "hosts"), Path: "/etc/hosts"},
			{Source: filepath.Join(dir, "token"), Path: path.Dir(o.Identity.token)},
			{Source: c.termination, Path: contract.TerminationLog, Writable: true},
		}),
	}
	sizes, err := registered.scratch()
	if err != nil {
		return s, err
	}
	if o.TempBytes > 0 {
		sizes[contract.TempDir] = o.TempBytes
	}
	for path, size := range sizes {
		s.Scratch = append(s.Scratch, pod.Scratch{Path: path, Bytes: size})
	}
	c.Hook = registered.Containers[0].Lifecycle.PreStop.Exec.Command
	return s, nil
}

// Open lets a service that was dead be reached.
func (c *Chamber) Open(ctx context.Context, service string) error {
	return c.AWS.open(ctx, c.Network, service)
}

// Rotate replaces the token, as kubelet does.
func (c *Chamber) Rotate(token string) error { return c.token.write(token) }

// Termination is what the supervisor has written for kubelet.
func (c *Chamber) Termination() (string, error) {
	text, err := os.ReadFile(c.termination)
	return string(text), err
}

// Close ends the chamber, and AWS with it.
func (c *Chamber) Close() error { return errors.Join(c.Pod.Close(), c.AWS.Close()) }
