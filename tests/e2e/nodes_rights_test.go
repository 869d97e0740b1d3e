package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/tools/clientcmd"
)

// chamberNodes runs `chamber nodes`, on the local stack unless told otherwise.
type chamberNodes func(ctx context.Context, args ...string) (string, error)

func buildChamber(t *testing.T) chamberNodes {
	t.Helper()
	program := filepath.Join(t.TempDir(), "chamber")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/chamber")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return func(ctx context.Context, args ...string) (string, error) {
		args = append([]string{"nodes", "--kubeconfig", local.Kubeconfig()}, args...)
		out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
		return string(out), err
	}
}

// TestNodesCommandRights: the ClusterRole that the command's help shows is enough,
// and nothing is read without it.
func TestNodesCommandRights(t *testing.T) {
	const user = "reader"
	command := buildChamber(t)
	help, err := command(t.Context(), "--help")
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := impersonating(t, user)
	if out, err := command(t.Context(), "--kubeconfig", kubeconfig); err == nil || !strings.Contains(out, "chamber nodes --help says which rights it needs") {
		t.Errorf("without rights: %v\n%s", err, out)
	}
	from, to := strings.Index(help, "  apiVersion:"), strings.Index(help, "\n\nWhat Kubernetes does not know")
	if from < 0 || to < from {
		t.Fatalf("no ClusterRole in\n%s", help)
	}
	var role rbacv1.ClusterRole
	if err := yaml.Unmarshal([]byte(help[from:to]), &role); err != nil {
		t.Fatal(err)
	}
	rbac := client(t).RbacV1()
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}
	if _, err := rbac.ClusterRoles().Create(t.Context(), &role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rbac.ClusterRoles().Delete(context.Background(), role.Name, metav1.DeleteOptions{}) })
	if _, err := rbac.ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rbac.ClusterRoleBindings().Delete(context.Background(), role.Name, metav1.DeleteOptions{}) })
	expectNoEnclaveNode(t, command, "--kubeconfig", kubeconfig)
}

// expectNoEnclaveNode waits: the nodes of the test before may still be leaving, and
// rights take a moment.
func expectNoEnclaveNode(t *testing.T, command chamberNodes, args ...string) {
	t.Helper()
	eventually(t, func(ctx context.Context) (string, error) {
		out, err := command(ctx, args...)
		if !strings.HasPrefix(out, "The cluster has no enclave node.") {
			return out, err
		}
		return "", err
	})
}

// impersonating writes a kubeconfig with the rights of another user.
func impersonating(t *testing.T, user string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(local.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, auth := range config.AuthInfos {
		auth.Impersonate = user
	}
	path := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}
