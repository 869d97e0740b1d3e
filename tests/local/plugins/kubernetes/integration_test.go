package main

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// world is a provider that is connected to a real control plane.
type world struct {
	*testing.T
	p      *provider
	client kubernetes.Interface
}

func startWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test starts a Kubernetes control plane")
	}
	set, err := tools.Ensure(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := controlplane.Start(t.Context(), controlplane.Options{
		Dir: filepath.Join(t.TempDir(), "kubernetes"), KubeOne: set.KubeOne, KwokModule: set.KwokModule,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	content, err := os.ReadFile(cp.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := cp.Client()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, p: newProvider(logger{}), client: client}
	args := must(marshal(properties(map[string]any{"kubeconfig": string(content)})))
	if _, err := w.p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: args}); err != nil {
		t.Fatal(err)
	}
	return w
}

func must(s *structpb.Struct, err error) *structpb.Struct {
	if err != nil {
		panic(err)
	}
	return s
}

// create checks and creates, as the engine does.
func (w *world) create(token, name string, inputs map[string]any) (*pulumirpc.CreateResponse, *structpb.Struct, error) {
	checked, err := w.p.Check(w.Context(), &pulumirpc.CheckRequest{
		Urn: urnOf(token, name), News: must(marshal(properties(inputs))), RandomSeed: []byte(name),
	})
	if err != nil {
		w.Fatal(err)
	}
	created, err := w.p.Create(w.Context(), &pulumirpc.CreateRequest{Urn: urnOf(token, name), Properties: checked.GetInputs()})
	return created, checked.GetInputs(), err
}

func (w *world) update(token, name, id string, olds *structpb.Struct, inputs map[string]any) (*pulumirpc.UpdateResponse, error) {
	return w.p.Update(w.Context(), &pulumirpc.UpdateRequest{
		Id: id, Urn: urnOf(token, name), Olds: olds, News: must(marshal(properties(inputs))),
	})
}

func (w *world) remove(token, name, id string, state *structpb.Struct) {
	w.Helper()
	if _, err := w.p.Delete(w.Context(), &pulumirpc.DeleteRequest{Id: id, Urn: urnOf(token, name), Properties: state}); err != nil {
		w.Errorf("deleting %s: %v", id, err)
	}
}

// addNode makes a node that kwok plays, with room for a number of pods.
func (w *world) addNode(pods string) {
	w.Helper()
	list := corev1.ResourceList{"cpu": quantity.MustParse("4"), "memory": quantity.MustParse("8Gi"), "pods": quantity.MustParse(pods)}
	_, err := w.client.CoreV1().Nodes().Create(w.Context(), &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: "node", Annotations: map[string]string{controlplane.NodeAnnotation: controlplane.NodeAnnotationValue},
		},
		Status: corev1.NodeStatus{Capacity: list, Allocatable: list},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
}

const (
	configMap  = "kubernetes:core/v1:ConfigMap"
	deployment = "kubernetes:apps/v1:Deployment"
	daemonSet  = "kubernetes:apps/v1:DaemonSet"
)

func workload(name string, annotations map[string]any, replicas int, image string) map[string]any {
	spec := map[string]any{
		"selector": map[string]any{"matchLabels": map[string]any{"app": name}},
		"template": map[string]any{
			"metadata": map[string]any{"labels": map[string]any{"app": name}},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "main", "image": image}}},
		},
	}
	if replicas > 0 {
		spec["replicas"] = replicas
	}
	return map[string]any{"metadata": map[string]any{"name": name, "namespace": "default", "annotations": annotations}, "spec": spec}
}

// TestAgainstARealControlPlane drives the plugin as the engine would.
func TestAgainstARealControlPlane(t *testing.T) {
	w := startWorld(t)
	on := func(test func(*world)) func(*testing.T) {
		return func(t *testing.T) { test(&world{T: t, p: w.p, client: w.client}) }
	}
	t.Run("daemon set without nodes", on(testDaemonSetWithoutNodes))
	w.addNode("6")
	t.Run("lifecycle", on(testLifecycle))
	t.Run("secret", on(testSecret))
	t.Run("foreign object", on(testForeignObject))
	t.Run("misspelt field", on(testMisspeltField))
	t.Run("rollout", on(testRollout))
	t.Run("rollout that cannot finish", on(testRolloutThatCannotFinish))
	t.Run("custom resource", on(testCustomResource))
	t.Run("reading a definition", on(testReadDefinition))
	t.Run("waiting for a condition", on(testWaitForCondition))
	t.Run("condition that does not come", on(testConditionThatDoesNotCome))
	t.Run("condition that nobody understands", on(testConditionThatNobodyUnderstands))
	t.Run("namespace", on(testNamespace))
}

func testDaemonSetWithoutNodes(w *world) {
	created, _, err := w.create(daemonSet, "agent", workload("agent", nil, 0, "example.invalid/agent:1"))
	if err != nil {
		w.Fatal(err)
	}
	w.remove(daemonSet, "agent", created.GetId(), created.GetProperties())
}

func testLifecycle(w *world) {
	created, inputs, err := w.create(configMap, "settings", map[string]any{"data": map[string]any{"a": "1", "b": "2"}})
	if err != nil {
		w.Fatal(err)
	}
	id := created.GetId()
	if !strings.HasPrefix(id, "default/settings-") {
		w.Errorf("id %q", id)
	}
	news, err := unmarshal(inputs)
	if err != nil {
		w.Fatal(err)
	}
	news["data"] = resource.NewProperty(properties(map[string]any{"a": "3"}))
	updated, err := w.p.Update(w.Context(), &pulumirpc.UpdateRequest{
		Id: id, Urn: urnOf(configMap, "settings"), Olds: created.GetProperties(), News: must(marshal(news)),
	})
	if err != nil {
		w.Fatal(err)
	}
	read, err := w.p.Read(w.Context(), &pulumirpc.ReadRequest{
		Id: id, Urn: urnOf(configMap, "settings"), Properties: updated.GetProperties(), Inputs: must(marshal(news)),
	})
	if err != nil {
		w.Fatal(err)
	}
	seen, _ := unmarshal(read.GetInputs())
	if !seen.DeepEquals(news) {
		w.Errorf("a refresh without drift changed the inputs: %v, want %v", seen, news)
	}
	state, _ := unmarshal(read.GetProperties())
	if !field(state, "data", "b").IsNull() {
		w.Error("a field that the program took out is still there")
	}
	w.remove(configMap, "settings", id, updated.GetProperties())
	gone, err := w.p.Read(w.Context(), &pulumirpc.ReadRequest{Id: id, Urn: urnOf(configMap, "settings")})
	if err != nil || gone.GetId() != "" {
		w.Errorf("reading what is gone: %q, %v", gone.GetId(), err)
	}
	w.remove(configMap, "settings", id, updated.GetProperties()) // twice is fine
}

func testSecret(w *world) {
	const token = "kubernetes:core/v1:Secret"
	created, _, err := w.create(token, "key", map[string]any{"stringData": map[string]any{"k": "v"}})
	if err != nil {
		w.Fatal(err)
	}
	state, _ := unmarshal(created.GetProperties())
	if !state["data"].IsSecret() {
		w.Error("the data is not secret")
	}
	if got := text(field(state, "data", "k")); got != base64.StdEncoding.EncodeToString([]byte("v")) {
		w.Errorf("data %q", got)
	}
	w.remove(token, "key", created.GetId(), created.GetProperties())
}

func testForeignObject(w *world) {
	_, err := w.client.CoreV1().ConfigMaps("default").Create(w.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	_, _, err = w.create(configMap, "theirs", map[string]any{"metadata": map[string]any{"name": "theirs"}})
	if err == nil || !strings.Contains(err.Error(), `"theirs" already exists`) {
		w.Errorf("error %v", err)
	}
}

func testMisspeltField(w *world) {
	_, _, err := w.create(configMap, "typo", map[string]any{"metadata": map[string]any{"name": "typo"}, "dada": map[string]any{"a": "b"}})
	if err == nil || !strings.Contains(err.Error(), "dada") {
		w.Errorf("error %v", err)
	}
	if _, err := w.client.CoreV1().ConfigMaps("default").Get(w.Context(), "typo", metav1.GetOptions{}); err == nil {
		w.Error("the object exists all the same")
	}
}

func testRollout(w *world) {
	created, _, err := w.create(deployment, "app", workload("app", nil, 2, "example.invalid/app:1"))
	if err != nil {
		w.Fatal(err)
	}
	inputs := workload("app", nil, 3, "example.invalid/app:2")
	updated, err := w.update(deployment, "app", created.GetId(), created.GetProperties(), inputs)
	if err != nil {
		w.Fatal(err)
	}
	state, _ := unmarshal(updated.GetProperties())
	if got := field(state, "status", "availableReplicas"); !got.IsNumber() || got.NumberValue() != 3 {
		w.Errorf("available replicas %v", got)
	}
	w.remove(deployment, "app", created.GetId(), updated.GetProperties())
}

func testRolloutThatCannotFinish(w *world) {
	inputs := workload("big", map[string]any{timeoutAnnotation: "3"}, 20, "example.invalid/big:1")
	_, _, err := w.create(deployment, "big", inputs)
	detailed, ok := rpcerror.FromError(err)
	if err == nil || !ok || len(detailed.Details()) != 1 {
		w.Fatalf("error %v, want one with the object's state", err)
	}
	failure, ok := detailed.Details()[0].(*pulumirpc.ErrorResourceInitFailed)
	if !ok || failure.GetId() != "default/big" || len(failure.GetProperties().GetFields()) == 0 {
		w.Fatalf("details %v", detailed.Details()[0])
	}
	for _, part := range []string{"timed out after 3s", "of 20 replicas", "Too many pods"} {
		if !strings.Contains(failure.GetReasons()[0], part) {
			w.Errorf("no %q in %s", part, failure.GetReasons()[0])
		}
	}
	w.remove(deployment, "big", failure.GetId(), failure.GetProperties())
}

func testNamespace(w *world) {
	const token = "kubernetes:core/v1:Namespace"
	created, _, err := w.create(token, "rooms", map[string]any{"metadata": map[string]any{"name": "rooms"}})
	if err != nil {
		w.Fatal(err)
	}
	if created.GetId() != "rooms" {
		w.Errorf("id %q", created.GetId())
	}
	w.remove(token, "rooms", created.GetId(), created.GetProperties())
	if _, err := w.client.CoreV1().Namespaces().Get(w.Context(), "rooms", metav1.GetOptions{}); err == nil {
		w.Error("the namespace is still there")
	}
}
