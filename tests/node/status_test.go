package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/realnode"
)

const standinImage = "example.invalid/standin:v1"

// importStandin gives the node an image with the real supervisor's binary, for what is run
// in the pod, and a stand-in for its first process.
func importStandin(t *testing.T) {
	t.Helper()
	folder := t.TempDir()
	standin, supervisor, archive := filepath.Join(folder, "standin"), filepath.Join(folder, "supervisor"), filepath.Join(folder, "image.tar")
	if err := realnode.Compile(t.Context(), "./node/standin", standin); err != nil {
		t.Fatal(err)
	}
	buildProgram(t, "./cmd/enclave-supervisor", supervisor)
	image := realnode.Image{
		Ref: standinImage, Entrypoint: []string{"/standin"},
		Files: map[string]string{"/standin": standin, contract.SupervisorPath: supervisor, contract.NitroCLIPath: supervisor},
	}
	if err := image.WriteTo(archive); err != nil {
		t.Fatal(err)
	}
	if err := shared.node.ImportImage(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
}

// buildProgram builds a program of the product.
func buildProgram(t *testing.T, source, path string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, source)
	build.Dir, build.Env = filepath.Join("..", ".."), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

// statusCommand is the real chamber status, with the rights of a user.
type statusCommand struct {
	t                   *testing.T
	program, kubeconfig string
	namespace           string
}

func newStatusCommand(t *testing.T, namespace, user string) *statusCommand {
	t.Helper()
	folder := t.TempDir()
	s := &statusCommand{t: t, namespace: namespace, program: filepath.Join(folder, "chamber"), kubeconfig: filepath.Join(folder, "config")}
	buildProgram(t, "./cmd/chamber", s.program)
	config, err := clientcmd.LoadFromFile(shared.node.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, auth := range config.AuthInfos {
		auth.Impersonate = user
	}
	if err := clientcmd.WriteToFile(*config, s.kubeconfig); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *statusCommand) run(args ...string) (string, error) {
	args = append([]string{"status", "--kubeconfig", s.kubeconfig, "--namespace", s.namespace}, args...)
	out, err := exec.CommandContext(s.t.Context(), s.program, args...).CombinedOutput() //nolint:gosec // ours
	return string(out), err
}

// grant creates the Role that the command's help shows, as it shows it.
func (s *statusCommand) grant(user string) {
	s.t.Helper()
	help, err := s.run("--help")
	if err != nil {
		s.t.Fatal(err)
	}
	from, to := strings.Index(help, "  apiVersion:"), strings.Index(help, "\n\nWhoever may exec")
	if from < 0 || to < from {
		s.t.Fatalf("no Role in\n%s", help)
	}
	var role rbacv1.Role
	if err := yaml.Unmarshal([]byte(help[from:to]), &role); err != nil {
		s.t.Fatal(err)
	}
	rbac, options := shared.client.RbacV1(), metav1.CreateOptions{}
	if _, err := rbac.Roles(s.namespace).Create(s.t.Context(), &role, options); err != nil {
		s.t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}
	if _, err := rbac.RoleBindings(s.namespace).Create(s.t.Context(), binding, options); err != nil {
		s.t.Fatal(err)
	}
}

// TestStatus runs chamber status on pods of a real kubelet: exec, port-forward and the
// admin socket under the pod's security context are real, and so are the rights.
func TestStatus(t *testing.T) {
	needNode(t)
	importStandin(t)
	c := deploy(t, replicas(2), brisk, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = standinImage })
	const user = "operator"
	command := newStatusCommand(t, c.namespace, user)
	if out, err := command.run(); err == nil || !strings.Contains(out, "chamber status --help says which rights it needs") {
		t.Errorf("without rights: %v\n%s", err, out)
	}
	command.grant(user)
	eventually(t, func() string { // rights take a moment
		out, err := command.run("--sign", "0x"+strings.Repeat("ab", 48), "--network", "hoodi", "--timeout", "2m")
		if err != nil || strings.Count(out, " 200  ") < 4 || strings.Count(out, " OK\n") != 2 || strings.Count(out, " yes ") < 4 {
			return out
		}
		return ""
	})
	for _, pod := range c.ready() {
		c.checkAttestation(command, pod)
	}
	c.checkSealed(command)
}

// checkAttestation verifies the document of one pod: each has a root of its own.
func (c *chamber) checkAttestation(command *statusCommand, pod corev1.Pod) {
	c.t.Helper()
	root := filepath.Join(c.t.TempDir(), "root.pem")
	if err := os.WriteFile(root, []byte(c.get(pod, "/root")), 0o600); err != nil {
		c.t.Fatal(err)
	}
	for index, want := range map[int]string{0: "verified, not AWS", 1: "refused"} {
		out, _ := command.run("-o", "json", "--timeout", "2m", "--root", root, "--pcr", fmt.Sprintf("0=%x", attesttest.PCR(index)))
		var result struct {
			Pods []struct{ Pod, State, Attestation, Verdict, Module string }
		}
		if err := json.NewDecoder(strings.NewReader(out)).Decode(&result); err != nil || len(result.Pods) != 2 {
			c.t.Fatalf("%v\n%s", err, out)
		}
		for _, p := range result.Pods {
			expected := want
			if p.Pod != pod.Name {
				expected = "refused" // its root is another one
			}
			if p.State != "ready" || p.Attestation != expected || (p.Module == attesttest.ModuleID) != (expected == "verified, not AWS") {
				c.t.Errorf("PCR%d at %s: %+v, want %s", index, pod.Name, p, expected)
			}
		}
	}
}

// checkSealed: one pod is sealed, and only that one is wrong.
func (c *chamber) checkSealed(command *statusCommand) {
	c.t.Helper()
	pod := c.ready()[0]
	c.post(c.t.Context(), pod, "/seal")
	out, err := command.run("--timeout", "2m")
	words := []string{"  healthcheck: sealed: /healthcheck answers 503", "operator unseal", "something is wrong with 1 of 2 pods"}
	for _, word := range words {
		if err == nil || !strings.Contains(out, word) {
			c.t.Errorf("%v: %q is not in\n%s", err, word, out)
		}
	}
	c.t.Logf("one of two is sealed:\n%s", out)
}

// get asks the pod for something, by its own address.
func (c *chamber) get(pod corev1.Pod, path string) string {
	c.t.Helper()
	response, err := shared.node.HTTP().Get("http://" + net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.PortAPI)) + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		c.t.Fatalf("%s answers %s: %v", path, response.Status, err)
	}
	return string(body)
}
