package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// waitForAnnotation says when an object has arrived, in place of the judge of its
// kind (pulumi-kubernetes#3344). Its forms are those that pulumi-kubernetes
// documents: jsonpath={…}, jsonpath={…}=value, condition=Type,
// condition=Type=Status, or a JSON array of these, of which all have to hold.
const waitForAnnotation = "pulumi.com/waitFor"

// judge says of an object whether it has arrived.
type judge func(*unstructured.Unstructured) verdict

// parseWaitFor reads the annotation. What it does not know is an error: not to
// wait would look the same as to have waited.
func parseWaitFor(annotation string) (judge, error) {
	var expressions []string
	if json.Unmarshal([]byte(annotation), &expressions) != nil {
		expressions = []string{annotation}
	}
	if len(expressions) == 0 {
		return nil, fmt.Errorf("annotation %s: it is an empty list", waitForAnnotation)
	}
	all := make([]judge, len(expressions))
	for i, expression := range expressions {
		var err error
		if all[i], err = parseExpression(expression); err != nil {
			return nil, fmt.Errorf("annotation %s: %q: %w", waitForAnnotation, expression, err)
		}
	}
	return everyOne(all), nil
}

func parseExpression(expression string) (judge, error) {
	form, rest, _ := strings.Cut(expression, "=")
	switch form {
	case "condition":
		return parseCondition(rest)
	case "jsonpath":
		return parsePath(rest)
	default:
		return nil, errors.New("expected condition=… or jsonpath=…")
	}
}

// everyOne is done when all are; what is missing first is what is waited for.
func everyOne(all []judge) judge {
	return func(live *unstructured.Unstructured) verdict {
		for _, judge := range all {
			if v := judge(live); !v.done {
				return v
			}
		}
		return verdict{done: true}
	}
}

// parseCondition is kubectl wait's --for=condition: letter case does not count,
// and a condition that speaks of an older generation does not either.
func parseCondition(expression string) (judge, error) {
	name, want, given := strings.Cut(expression, "=")
	if !given {
		want = "True"
	}
	if name == "" || want == "" {
		return nil, errors.New("expected condition=Type or condition=Type=Status")
	}
	return func(live *unstructured.Unstructured) verdict {
		found := findCondition(live, name)
		status, _ := found["status"].(string)
		switch {
		case found == nil:
			return verdict{waiting: "there is no condition " + name}
		case !current(live, found):
			return verdict{waiting: "the condition " + name + " is from before the change"}
		case strings.EqualFold(status, want):
			return verdict{done: true}
		}
		return verdict{waiting: fmt.Sprintf("the condition %s is %s, not %s%s", name, status, want, because(found))}
	}, nil
}

func findCondition(live *unstructured.Unstructured, name string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, entry := range conditions {
		fields, _ := entry.(map[string]any)
		if kind, _ := fields["type"].(string); strings.EqualFold(kind, name) {
			return fields
		}
	}
	return nil
}

// current says whether the condition is about the object as it is now. Where
// nothing says which generation was looked at, it is.
func current(live *unstructured.Unstructured, condition map[string]any) bool {
	seen, ok, _ := unstructured.NestedInt64(condition, "observedGeneration")
	if !ok {
		seen, ok, _ = unstructured.NestedInt64(live.Object, "status", "observedGeneration")
	}
	return !ok || seen >= live.GetGeneration()
}

func because(condition map[string]any) string {
	reason, _ := condition["reason"].(string)
	message, _ := condition["message"].(string)
	if text := strings.Trim(reason+": "+message, ": "); text != "" {
		return " (" + text + ")"
	}
	return ""
}

// pathForm is a path in braces and perhaps a value, which is plain text.
var pathForm = regexp.MustCompile(`^(\{[^{}]+\})(?:=([^={}]+))?$`)

// parsePath wants the path to lead somewhere: to that value, or to any.
func parsePath(expression string) (judge, error) {
	parts := pathForm.FindStringSubmatch(expression)
	if parts == nil {
		return nil, errors.New("expected jsonpath={.path} or jsonpath={.path}=value")
	}
	path, want := parts[1], parts[2]
	if _, err := jsonpath.Parse("waitFor", path); err != nil {
		return nil, err
	}
	return func(live *unstructured.Unstructured) verdict {
		found, err := follow(path, live.Object)
		switch {
		case err != nil:
			return verdict{failed: err.Error()}
		case found == nil:
			return verdict{waiting: path + " leads nowhere"}
		case want == "":
			return verdict{done: true}
		case reflect.TypeOf(found).Kind() == reflect.Map || reflect.TypeOf(found).Kind() == reflect.Slice:
			return verdict{failed: fmt.Sprintf("%s is %v, which cannot equal %s", path, found, want)}
		case fmt.Sprint(found) == want:
			return verdict{done: true}
		}
		return verdict{waiting: fmt.Sprintf("%s is %v, not %s", path, found, want)}
	}, nil
}

// follow returns the first thing that the path leads to, or nil. A parsed path
// keeps a state of its own, so each look parses it again.
func follow(path string, object map[string]any) (any, error) {
	parser := jsonpath.New("waitFor").AllowMissingKeys(true)
	if err := parser.Parse(path); err != nil {
		return nil, err
	}
	results, err := parser.FindResults(object)
	if err != nil {
		return nil, fmt.Errorf("following %s: %w", path, err)
	}
	for _, values := range results {
		for _, value := range values {
			if value.IsValid() && value.CanInterface() && value.Interface() != nil {
				return value.Interface(), nil
			}
		}
	}
	return nil, nil
}
