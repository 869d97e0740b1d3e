package stack

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// DefaultCluster is the name of the EKS cluster that a stack has.
const DefaultCluster = "demo"

// Account is the path of the AWS stand-in's file.
func (s *Stack) Account() string { return awsstate.Path(s.Dir) }

// prepare makes what is around the control plane: the AWS account with its
// cluster, the Pulumi backend, an aws command, and the note by which others find
// the stack. The note comes last.
func (s *Stack) prepare(cluster string) error {
	for _, dir := range []string{s.backend(), s.pulumiHome(), s.Bin()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating the state folder: %w", err)
		}
	}
	token, err := s.seed(cmp.Or(cluster, DefaultCluster))
	if err != nil {
		return err
	}
	if err := s.writeAWS(token); err != nil {
		return err
	}
	note, err := json.MarshalIndent(s.Tools, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Dir, stackFile), note, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", stackFile, err)
	}
	return nil
}

// seed puts the cluster into the AWS account and returns its token.
func (s *Stack) seed(cluster string) (token string, err error) {
	content, err := os.ReadFile(s.Kubeconfig())
	if err != nil {
		return "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(content)
	if err != nil {
		return "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return config.BearerToken, awsstate.Seed(s.Account(), awsstate.Cluster{
		Name: cluster, Endpoint: config.Host, Kubeconfig: string(content),
		CertificateAuthority: base64.StdEncoding.EncodeToString(config.CAData),
	})
}

// writeAWS makes an aws command that can do one thing: `aws eks get-token`, which
// the kubeconfig of an EKS cluster runs.
func (s *Stack) writeAWS(token string) error {
	credential := fmt.Sprintf(`{"apiVersion":"client.authentication.k8s.io/%%s","kind":"ExecCredential",`+
		`"spec":{},"status":{"token":%q}}`, token)
	script := `#!/bin/sh
# A test fixture of the local stack: it only knows "aws eks get-token".
case " $* " in
*" eks get-token "*) ;;
*) echo "aws (local stack): only 'aws eks get-token' is known here" >&2; exit 2 ;;
esac
version=v1beta1
case "$KUBERNETES_EXEC_INFO" in
*client.authentication.k8s.io/v1\"*) version=v1 ;;
esac
printf '` + credential + `\n' "$version"
`
	path := filepath.Join(s.Bin(), "aws")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		return fmt.Errorf("writing the aws command: %w", err)
	}
	return nil
}

func (s *Stack) backend() string    { return filepath.Join(s.Dir, "pulumi-backend") }
func (s *Stack) pulumiHome() string { return filepath.Join(s.Dir, "pulumi-home") }

// Bin is a folder on the PATH of everything that uses the stack, before all others.
func (s *Stack) Bin() string { return filepath.Join(s.Dir, "bin") }
