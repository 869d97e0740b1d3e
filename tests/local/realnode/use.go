package realnode

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Client returns a client with an administrator's rights.
func (n *Node) Client() (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", n.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 200, 400
	return kubernetes.NewForConfig(config)
}

// Kubectl runs kubectl, such as "logs" or "describe", and returns what it prints on standard
// output. Its complaints are in the error, which is an *exec.ExitError with its status.
func (n *Node) Kubectl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, n.options.Programs.KubeOne, append([]string{"kubectl", "--kubeconfig", n.Kubeconfig}, args...)...) //nolint:gosec // ours
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("kubectl %s: %w\n%s", args[0], err, exit.Stderr)
	}
	return string(out), err
}

// Exec runs a command in a pod's first container. Output and errors are as of Kubectl.
func (n *Node) Exec(ctx context.Context, namespace, pod string, command ...string) (string, error) {
	return n.Kubectl(ctx, append([]string{"exec", "--namespace", namespace, pod, "--"}, command...)...)
}

// ImportImage gives a docker or OCI archive to the node.
func (n *Node) ImportImage(ctx context.Context, archive string) error {
	return importImage(ctx, n.options.Programs, n.Dir, archive)
}
