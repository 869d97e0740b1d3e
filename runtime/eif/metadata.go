package eif

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Metadata describes how an image was made. It is not measured: an enclave cannot rely
// on it, and changing it changes no PCR.
type Metadata struct {
	ImageName     string
	ImageVersion  string
	BuildMetadata BuildMetadata
	// DockerInfo is any JSON value; nitro-cli puts the output of `docker inspect`
	// here. Nil is written as null.
	DockerInfo json.RawMessage
	// CustomMetadata is any JSON value of the user. Nil is written as null.
	CustomMetadata json.RawMessage
}

// BuildMetadata says what an image was built with.
type BuildMetadata struct {
	// BuildTime is a time in the form of RFC 3339; see [FormatTime].
	BuildTime        string
	BuildTool        string
	BuildToolVersion string
	OperatingSystem  string
	KernelVersion    string
}

// FormatTime writes a time as AWS's writer does: in UTC, with "+00:00" for the zone.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999999-07:00") }

// encode returns the section's payload: compact JSON, the keys of the two free values
// sorted, so that equal metadata gives equal bytes.
func (m Metadata) encode() ([]byte, error) {
	var l fault.List
	m.check(&l)
	var err error
	if m.DockerInfo, err = canonical(m.DockerInfo); err != nil {
		l.Add("metadata.DockerInfo", nil, err.Error(), "")
	}
	if m.CustomMetadata, err = canonical(m.CustomMetadata); err != nil {
		l.Add("metadata.CustomMetadata", nil, err.Error(), "")
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	b, err := marshal(m)
	if err == nil && len(b) > MaxMetadata {
		l.Add("metadata", fmt.Sprintf("%d bytes", len(b)), fmt.Sprintf("must have at most %d bytes as JSON", MaxMetadata), "shorten DockerInfo or CustomMetadata")
		err = l.Err()
	}
	return b, err
}

func (m Metadata) check(l *fault.List) {
	b := m.BuildMetadata
	for _, text := range []struct{ name, value string }{
		{"ImageName", m.ImageName}, {"ImageVersion", m.ImageVersion}, {"BuildMetadata.BuildTool", b.BuildTool},
		{"BuildMetadata.BuildToolVersion", b.BuildToolVersion}, {"BuildMetadata.OperatingSystem", b.OperatingSystem},
		{"BuildMetadata.KernelVersion", b.KernelVersion},
	} {
		if !utf8.ValidString(text.value) {
			l.Add("metadata."+text.name, text.value, "must be UTF-8", "")
		}
	}
	if _, err := time.Parse(time.RFC3339, b.BuildTime); err != nil {
		l.Add("metadata.BuildMetadata.BuildTime", b.BuildTime, "must be a time in the form of RFC 3339", `use "1970-01-01T00:00:00+00:00" to leave it out`)
	}
}

// canonical rewrites a JSON value with sorted keys and no spaces.
func canonical(raw json.RawMessage) (json.RawMessage, error) {
	if raw == nil {
		return json.RawMessage("null"), nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("must be JSON: %w", err)
	}
	if d.More() {
		return nil, errors.New("must be one JSON value")
	}
	return marshal(value)
}

// marshal does not escape what is special in HTML, as AWS's writer does not.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
