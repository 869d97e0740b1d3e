package stack

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// Region is the AWS region that the stack pretends to be in.
const Region = "eu-central-1"

// passphrase encrypts the secrets of stacks that hold nothing of value. It is
// the same for all, so that a person can use the stack without asking.
const passphrase = "local-stack"

// Env is the environment that makes programs use this stack: what is added to or
// replaced in the caller's own.
func (s *Stack) Env() []string {
	// The plugins come before the CLI: beside a user's own there may be real ones.
	path := []string{s.Bin(), filepath.Dir(s.ControlPlane.Kubectl()), s.Tools.Plugins, filepath.Dir(s.Tools.Pulumi), os.Getenv("PATH")}
	return []string{
		"PATH=" + strings.Join(path, string(os.PathListSeparator)),
		"PULUMI_HOME=" + s.pulumiHome(),
		"PULUMI_BACKEND_URL=file://" + s.backend(),
		"PULUMI_CONFIG_PASSPHRASE=" + passphrase,
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"KUBECONFIG=" + s.Kubeconfig(),
		"AWS_REGION=" + Region,
		awsstate.DirEnv + "=" + s.Dir,
	}
}

// environ is the caller's environment with the stack's. Settings of the caller
// that would lead elsewhere are taken out.
func (s *Stack) environ() []string {
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "PULUMI_") || strings.HasPrefix(name, "AWS_") || name == "KUBECONFIG" {
			continue
		}
		env = append(env, variable)
	}
	return append(env, s.Env()...)
}
