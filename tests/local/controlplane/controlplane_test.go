package controlplane

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

func TestKwokConfig(t *testing.T) {
	module := t.TempDir()
	if _, err := kwokConfig(module); err == nil {
		t.Error("accepted a module without stages")
	}
	for _, stage := range stages {
		dir := filepath.Join(module, "kustomize", "stage", stage)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"kustomization.yaml", "stage.yaml"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("kind: "+stage+"/"+name+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	config, err := kwokConfig(module)
	if err != nil {
		t.Fatal(err)
	}
	text := string(config)
	for _, stage := range stages {
		if !strings.Contains(text, "---\nkind: "+stage+"/stage.yaml\n") {
			t.Errorf("no stage %s in\n%s", stage, text)
		}
	}
	if strings.Contains(text, "kustomization") {
		t.Error("a kustomization is not a stage")
	}
	if !strings.Contains(text, "manageAllNodes: false") {
		t.Error("kwok must not play nodes that are not its own")
	}
}

func TestKubeconfigVerifiesTheServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := writeKubeconfig(path, "https://127.0.0.1:1", []byte("authority"), "token"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o: a token is in it", info.Mode().Perm())
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cluster := config.Clusters["local-stack"]
	if cluster.InsecureSkipTLSVerify || string(cluster.CertificateAuthorityData) != "authority" {
		t.Errorf("cluster = %+v", cluster)
	}
}

func TestTokensDiffer(t *testing.T) {
	dir := t.TempDir()
	a, errA := writeToken(filepath.Join(dir, "a"))
	b, errB := writeToken(filepath.Join(dir, "b"))
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if a == b || len(a) < 20 {
		t.Errorf("tokens %q and %q", a, b)
	}
}

func TestKubectlQuotesPaths(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a folder")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "kube one")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$KUBECONFIG|$*\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "kubectl")
	if err := writeKubectl(script, program, filepath.Join(dir, "config")); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), script, "get", "a b").Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "config") + "|kubectl get a b\n"; string(out) != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func TestFreePortsDiffer(t *testing.T) {
	ports, err := freePorts(3)
	if err != nil {
		t.Fatal(err)
	}
	if ports[0] == ports[1] || ports[1] == ports[2] || ports[0] == ports[2] {
		t.Errorf("ports %v", ports)
	}
}

func TestStartLeavesNothingWhenItFails(t *testing.T) {
	module := t.TempDir()
	for _, stage := range stages {
		dir := filepath.Join(module, "kustomize", "stage", stage)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "stage.yaml"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// etcd "runs", the apiserver ends at once.
	program := filepath.Join(t.TempDir(), "kube-one")
	script := "#!/bin/sh\n[ \"$1\" = etcd ] && exec sleep 600\nsleep 0.2\necho broken\nexit 1\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err := Start(t.Context(), Options{Dir: dir, KubeOne: program, KwokModule: module})
	if err == nil || !strings.Contains(err.Error(), "apiserver has ended:\nbroken") {
		t.Errorf("error: %v", err)
	}
	for name, pid := range At(dir).Processes() {
		if pid != 0 {
			t.Errorf("%s still runs", name)
		}
	}
}
