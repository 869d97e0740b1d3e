package main

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

const (
	definition = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
	thing      = "kubernetes:example.invalid/v1:Thing"
	// things is the id of the definition of a Thing.
	things = "things.example.invalid"
)

// define makes the kind Thing for the duration of a test. It waits until the kind is
// served: from an earlier test the plugin remembers it as one that is.
func (w *world) define() {
	w.Helper()
	created, _, err := w.create(definition, "things", map[string]any{
		"metadata": map[string]any{"name": things, "annotations": map[string]any{waitForAnnotation: "condition=Established"}},
		"spec": map[string]any{
			"group": "example.invalid", "scope": "Namespaced",
			"names": map[string]any{"plural": "things", "kind": "Thing"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{
					"type": "object", "properties": map[string]any{
						"spec": map[string]any{
							"type": "object", "properties": map[string]any{"size": map[string]any{"type": "integer"}},
						},
						"status": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true},
					},
				}},
			}},
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { (&world{T: w.T, p: w.p}).forget(created) })
}

// forget removes the definition when the test's own context has ended.
func (w *world) forget(created *pulumirpc.CreateResponse) {
	request := &pulumirpc.DeleteRequest{Id: created.GetId(), Urn: urnOf(definition, "things"), Properties: created.GetProperties()}
	if _, err := w.p.Delete(w.p.ctx, request); err != nil {
		w.Error(err)
	}
}

func (w *world) things() dynamic.ResourceInterface {
	client, err := w.p.cluster.client(w.Context(), schema.GroupVersionKind{Group: "example.invalid", Version: "v1", Kind: "Thing"}, "default")
	if err != nil {
		w.Fatal(err)
	}
	return client
}

// aThing is what a program says of a Thing.
func aThing(annotations map[string]any) map[string]any {
	return map[string]any{
		"metadata": map[string]any{"name": "one", "namespace": "default", "annotations": annotations},
		"spec":     map[string]any{"size": 3},
	}
}

func testCustomResource(w *world) {
	w.define()
	created, _, err := w.create(thing, "one", aThing(nil))
	if err != nil {
		w.Fatal(err)
	}
	w.remove(thing, "one", created.GetId(), created.GetProperties())
}

// testReadDefinition reads as the engine does for a resource that a program looks
// up by its id: with nothing known of it.
func testReadDefinition(w *world) {
	w.define()
	read := func(id string) *pulumirpc.ReadResponse {
		response, err := w.p.Read(w.Context(), &pulumirpc.ReadRequest{Id: id, Urn: urnOf(definition, "found")})
		if err != nil {
			w.Fatal(err)
		}
		return response
	}
	state, err := unmarshal(read(things).GetProperties())
	if err != nil {
		w.Fatal(err)
	}
	if got := text(field(state, "spec", "names", "kind")); got != "Thing" {
		w.Errorf("the definition is one of %q: %v", got, state)
	}
	// The engine turns this into "resource '…' does not exist".
	if missing := read("nothings.example.invalid"); missing.GetId() != "" || missing.GetProperties() != nil {
		w.Errorf("a definition that is not there: %v", missing)
	}
}

func testWaitForCondition(w *world) {
	w.define()
	var created *pulumirpc.CreateResponse
	applied := make(chan error, 1)
	go func() {
		var err error
		annotations := map[string]any{waitForAnnotation: `["condition=Ready", "jsonpath={.status.phase}=Running"]`}
		created, _, err = w.create(thing, "one", aThing(annotations))
		applied <- err
	}()
	w.setStatus(`{"phase": "Running"}`, applied)
	select {
	case err := <-applied:
		w.Fatalf("without the condition it was not waited: %v", err)
	case <-time.After(3 * pollPause):
	}
	w.setStatus(`{"conditions": [{"type": "Ready", "status": "True"}]}`, applied)
	if err := <-applied; err != nil {
		w.Fatal(err)
	}
	state, _ := unmarshal(created.GetProperties())
	if got := text(field(state, "status", "phase")); got != "Running" {
		w.Errorf("the outputs are from before the wait: phase %q", got)
	}
	w.remove(thing, "one", created.GetId(), created.GetProperties())
}

// setStatus plays the controller of Things: it waits for the object, unless applying
// it ends before.
func (w *world) setStatus(status string, applied <-chan error) {
	w.Helper()
	patch := []byte(`{"status": ` + status + `}`)
	for {
		_, err := w.things().Patch(w.Context(), "one", types.MergePatchType, patch, metav1.PatchOptions{})
		if err == nil {
			return
		}
		select {
		case ended := <-applied:
			w.Fatalf("applying has ended with %v, and setting the status with %v", ended, err)
		case <-time.After(pollPause):
		}
	}
}

func testConditionThatDoesNotCome(w *world) {
	w.define()
	_, _, err := w.create(thing, "one", aThing(map[string]any{waitForAnnotation: "condition=Ready", timeoutAnnotation: "1"}))
	detailed, ok := rpcerror.FromError(err)
	if err == nil || !ok || len(detailed.Details()) != 1 {
		w.Fatalf("error %v, want one with the object's state", err)
	}
	failure, ok := detailed.Details()[0].(*pulumirpc.ErrorResourceInitFailed)
	if !ok || !strings.Contains(failure.GetReasons()[0], "timed out after 1s: there is no condition Ready") {
		w.Fatalf("details %v", detailed.Details()[0])
	}
	w.remove(thing, "one", failure.GetId(), failure.GetProperties())
}

func testConditionThatNobodyUnderstands(w *world) {
	w.define()
	_, _, err := w.create(thing, "one", aThing(map[string]any{waitForAnnotation: "Ready"}))
	if err == nil || !strings.Contains(err.Error(), "expected condition=") {
		w.Errorf("error %v", err)
	}
	if _, err := w.things().Get(w.Context(), "one", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		w.Errorf("the object exists all the same: %v", err)
	}
}

// TestPreviewOfACustomResource: a preview does not wait, and says of a custom
// resource what it says of any object.
func TestPreviewOfACustomResource(t *testing.T) {
	inputs := aThing(map[string]any{waitForAnnotation: "condition=Ready"})
	response, err := unreachable().Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urnOf(thing, "one"), Properties: must(marshal(properties(inputs))), Preview: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := unmarshal(response.GetProperties())
	if err != nil {
		t.Fatal(err)
	}
	if !field(outputs, "status").IsComputed() || !field(outputs, "metadata", "uid").IsComputed() {
		t.Errorf("what only the cluster knows is known: %v", outputs)
	}
	if got := field(outputs, "spec", "size"); !got.IsNumber() || got.NumberValue() != 3 {
		t.Errorf("size %v", got)
	}
}
