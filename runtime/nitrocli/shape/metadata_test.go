package shape

import (
	"encoding/json"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// TestCustomMetadata: the user's members follow the others; what is no object is left out.
func TestCustomMetadata(t *testing.T) {
	const own = `"BuildTime":"","BuildTool":"","BuildToolVersion":"","OperatingSystem":"","KernelVersion":"","DockerInfo":null`
	for custom, want := range map[string]string{
		"": own, "null": own, "[1]": own, `"x"`: own, "{}": own, " { } ": own, "{": own, `{"a":1}{`: own,
		` {"a" : {"b":"<"}} `: own + `,"a":{"b":"\u003c"}`,
	} {
		got, err := json.Marshal(MetadataOf(eif.Metadata{CustomMetadata: json.RawMessage(custom)}))
		if err != nil || string(got) != "{"+want+"}" {
			t.Errorf("%s: %s %v", custom, got, err)
		}
	}
}
