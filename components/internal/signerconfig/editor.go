package signerconfig

import (
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// editor changes a tree of JSON objects that it owns, and collects what is in
// the way.
type editor struct {
	root   map[string]any
	faults fault.List
}

// set puts a value at a path. Another value there is a fault: the user and the
// selector want different things.
func (e *editor) set(value any, path ...string) {
	parent, key := e.parent(path)
	if parent == nil {
		return
	}
	if old, ok := parent[key]; ok && !same(old, value) {
		e.faults.Add(name(path), nil, fmt.Sprintf("must be %v in an enclave", value), "leave it out, or use enclaveSelector none")
		return
	}
	parent[key] = value
}

// equal adds a fault when there is another value at the path.
func (e *editor) equal(value any, why string, path ...string) {
	object := e.root
	for _, key := range path[:len(path)-1] {
		object, _ = object[key].(map[string]any)
	}
	if old, ok := object[path[len(path)-1]]; ok && !same(old, value) {
		e.faults.Add(name(path), nil, fmt.Sprintf("must be %v, since %s", value, why), "leave it out")
	}
}

// require adds a fault when there is no text at the path.
func (e *editor) require(what string, path ...string) {
	parent, key := e.parent(path)
	if parent == nil {
		return
	}
	if text, _ := parent[key].(string); text == "" {
		e.faults.Add(name(path), nil, "is required in an enclave", "give "+what)
	}
}

// parent walks to the object that holds the last key, making objects on the way.
func (e *editor) parent(path []string) (map[string]any, string) {
	object := e.root
	for i, key := range path[:len(path)-1] {
		if object[key] == nil {
			object[key] = map[string]any{}
		}
		next, ok := object[key].(map[string]any)
		if !ok {
			e.faults.Add(name(path[:i+1]), nil, "must be an object", "")
			return nil, ""
		}
		object = next
	}
	return object, path[len(path)-1]
}

func name(path []string) string { return "config." + strings.Join(path, ".") }

// same compares what may have come through JSON, where all numbers are floats.
func same(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// copyObject copies the objects of a tree, so that the caller's stay untouched.
func copyObject(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for key, value := range in {
		if object, ok := value.(map[string]any); ok {
			value = copyObject(object)
		}
		out[key] = value
	}
	return out
}
