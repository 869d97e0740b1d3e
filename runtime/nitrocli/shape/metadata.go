package shape

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// Metadata are an image's metadata as nitro-cli prints them: without name and version,
// which are beside them, and with the members of the user's object among the rest.
type Metadata struct {
	eif.BuildMetadata
	DockerInfo json.RawMessage
	// CustomMetadata has no name of its own in the output. What is no object is left
	// out: nitro-cli writes only objects.
	CustomMetadata json.RawMessage `json:"-"`
}

// MetadataOf leaves out what is not printed.
func MetadataOf(m eif.Metadata) *Metadata {
	return &Metadata{m.BuildMetadata, m.DockerInfo, m.CustomMetadata}
}

// MarshalJSON puts the user's members at the end.
func (m Metadata) MarshalJSON() ([]byte, error) {
	type plain Metadata // without this method
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(plain(m)); err != nil {
		return nil, err
	}
	own := bytes.TrimSpace(b.Bytes())
	custom := bytes.TrimSpace(m.CustomMetadata)
	if !json.Valid(custom) || custom[0] != '{' {
		return own, nil
	}
	members := bytes.TrimSpace(custom[1 : len(custom)-1])
	if len(members) == 0 {
		return own, nil
	}
	return slices.Concat(own[:len(own)-1], []byte(","), members, []byte("}")), nil
}
