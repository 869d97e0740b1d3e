package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/nodecheck"
)

func TestNodesHelp(t *testing.T) {
	got, err := chamber("nodes", "--help")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "nodes-help.txt", got)
}

// nodesResult has a good node, a bad one and one of which little is known.
var nodesResult = nodecheck.Result{
	Nodes: []nodecheck.Report{
		{
			Node: "old", Hugepages: map[string]string{}, Pages: "none", Notes: []string{"the instance type \"\" is unknown"},
			Findings: []nodecheck.Finding{{Check: nodecheck.CheckReady, Seen: "the node is not ready", Cure: "replace it"}},
		},
		{
			Node: "ip-10-0-1-2.eu-central-1.compute.internal", InstanceType: "m5.2xlarge", NodeGroup: "enclaves", Ready: true, Slots: 3, EnclaveCPUs: 6,
			Hugepages: map[string]string{"hugepages-1Gi": "3Gi"}, Pages: "3x1Gi", Findings: []nodecheck.Finding{}, Notes: []string{},
		},
		{
			Node: "ip-10-0-1-3.eu-central-1.compute.internal", InstanceType: "m5.2xlarge", NodeGroup: "enclaves", Ready: true, Slots: 3,
			Hugepages: map[string]string{"hugepages-1Gi": "2Gi"}, Pages: "2x1Gi", Notes: []string{},
			Findings: []nodecheck.Finding{
				{Check: nodecheck.CheckTaint, Seen: "it is missing", Cure: "`kubectl taint node`"},
				{Check: nodecheck.CheckCPUs, Seen: "0 < 6 & more", Cure: "delete the pod"},
			},
		},
	},
	WaitingPods: []nodecheck.WaitingPod{{Pod: "signers/chamber-1", Message: "0/3 nodes are available"}},
}

func TestNodesGolden(t *testing.T) {
	for file, format := range map[string]string{"nodes.txt": "table", "nodes.json": "json"} {
		t.Run(file, func(t *testing.T) {
			var out strings.Builder
			if err := writeNodes(&out, format, nodesResult); err != nil {
				t.Fatal(err)
			}
			golden(t, file, out.String())
		})
	}
}

// apiServer answers lists as Kubernetes does, one object a page, to whom has the
// token. It records what it was asked.
type apiServer struct {
	*httptest.Server
	nodes []corev1.Node
	pods  map[string][]corev1.Pod // by field selector
	asked []string
}

const token = "for-the-test"

func serve(t *testing.T, nodes []corev1.Node, pods map[string][]corev1.Pod) *apiServer {
	s := &apiServer{nodes: nodes, pods: pods}
	s.Server = httptest.NewTLSServer(s) // client-go sends credentials only over TLS
	t.Cleanup(s.Close)
	return s
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s.asked = append(s.asked, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.URL.Path, " ", query.Get("labelSelector"), query.Get("fieldSelector"))))
	w.Header().Set("Content-Type", "application/json")
	var list any
	switch {
	case r.Header.Get("Authorization") != "Bearer "+token:
		w.WriteHeader(http.StatusForbidden)
		list = metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: "Forbidden", Code: 403, Message: "you cannot list resource"}
	case r.URL.Path == "/api/v1/nodes":
		items, meta := page(s.nodes, query.Get("continue"))
		list = corev1.NodeList{TypeMeta: metav1.TypeMeta{Kind: "NodeList", APIVersion: "v1"}, ListMeta: meta, Items: items}
	default:
		items, meta := page(s.pods[query.Get("fieldSelector")], query.Get("continue"))
		list = corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, ListMeta: meta, Items: items}
	}
	_ = json.NewEncoder(w).Encode(list)
}

func page[T any](all []T, from string) ([]T, metav1.ListMeta) {
	i := len(from) // a continue token is a row of strokes
	if i+1 >= len(all) {
		return all[min(i, len(all)):], metav1.ListMeta{}
	}
	return all[i : i+1], metav1.ListMeta{Continue: from + "|"}
}

// kubeconfig names a program for the credentials, as those of EKS do.
func (s *apiServer) kubeconfig(t *testing.T, token string) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "get-token")
	script := `#!/bin/sh
echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"` + token + `"}}'
`
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config")
	authority := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	config := `{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":"` + s.URL + `","certificate-authority-data":"` + authority + `"}}],
"users":[{"name":"u","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1beta1","command":"` + program + `","interactiveMode":"Never"}}}],
"contexts":[{"name":"prod","context":{"cluster":"c","user":"u"}}]}`
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func labelled(name, key string) corev1.Node {
	return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{key: "enabled"}}}
}

// TestNodesReadsAllThatMatters: every page, no pods of other nodes, and writes
// nothing.
func TestNodesReadsAllThatMatters(t *testing.T) {
	plugin := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "p"}, Spec: corev1.PodSpec{
		NodeName: "b", Containers: []corev1.Container{{Image: "example.invalid/aws-nitro-enclaves-k8s-device-plugin:0.4.1"}},
	}}
	second := plugin
	second.Name = "q"
	server := serve(t, []corev1.Node{labelled("a", "role"), labelled("b", "aws-nitro-enclaves-k8s-dp")},
		map[string][]corev1.Pod{"spec.nodeName=b": {plugin, second}})
	server.nodes[1].Status.Conditions = []corev1.NodeCondition{{Type: "Ready", Status: "True"}}
	out, err := chamber("nodes", "--kubeconfig", server.kubeconfig(t, token), "--context", "prod", "--selector", "x=y")
	if err == nil || err.Error() != "something is wrong with 1 of 1 enclave nodes" {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(out, "2 device plugins run here, kube-system/p and kube-system/q") {
		t.Errorf("printed %s", out)
	}
	want := []string{
		"GET /api/v1/nodes x=y", "GET /api/v1/nodes x=y", "GET /api/v1/pods spec.nodeName=",
		"GET /api/v1/pods spec.nodeName=b", "GET /api/v1/pods spec.nodeName=b",
	}
	if diff := cmp.Diff(want, server.asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestNodesWithoutEnclaveNodes(t *testing.T) {
	server := serve(t, []corev1.Node{labelled("a", "role")}, nil)
	for format, want := range map[string]string{"table": "", "json": "{\n  \"nodes\": [],\n  \"waitingPods\": []\n}\n"} {
		var out, notes strings.Builder
		f := nodesFlags{clusterFlags: clusterFlags{kubeconfig: server.kubeconfig(t, token), context: "prod"}, output: format}
		if err := f.run(t.Context(), &out, &notes); err != nil {
			t.Fatal(err)
		}
		if out.String() != want || notes.String() != noEnclaveNodes {
			t.Errorf("%s: printed %q and said %q", format, out.String(), notes.String())
		}
	}
}

func TestNodesRefuses(t *testing.T) {
	server := serve(t, nil, nil)
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	for name, tt := range map[string]struct{ args, want string }{
		"format":        {"-o yaml", `--output "yaml": use table or json`},
		"no kubeconfig": {"", "there is no kubeconfig: name one with --kubeconfig"},
		"no such file":  {"--kubeconfig /nowhere/config", "/nowhere/config: no such file"},
		"context":       {"--context other --kubeconfig " + server.kubeconfig(t, token), `context "other" does not exist`},
		"forbidden":     {"--context prod --kubeconfig " + server.kubeconfig(t, "wrong"), "listing nodes: you cannot list resource; chamber nodes --help says which rights"},
		"argument":      {"a", "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := chamber(append([]string{"nodes"}, strings.Fields(tt.args)...)...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if out != "" {
				t.Errorf("printed %q besides", out)
			}
		})
	}
}
