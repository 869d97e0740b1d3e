package eif

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"
)

// Metadata parses the metadata section. It fails with [Violations] when there is none or
// when AWS's reader would refuse it: a key is missing or twice there, or has the wrong
// type.
func (im *Image) Metadata() (Metadata, error) {
	section, ok := im.section(SectionMetadata)
	if !ok {
		return Metadata{}, Violations{{"metadata", -1, nil, "the image has none"}}
	}
	m, err := parseMetadata(im.metadata)
	if err != nil {
		return Metadata{}, Violations{{"metadata", section.payload(), nil, err.Error()}}
	}
	return m, nil
}

func parseMetadata(b []byte) (Metadata, error) {
	if !utf8.Valid(b) {
		return Metadata{}, errors.New("must be UTF-8")
	}
	var m Metadata
	var build json.RawMessage
	err := object(b, []member{
		{"ImageName", &m.ImageName}, {"ImageVersion", &m.ImageVersion}, {"BuildMetadata", &build},
		{"DockerInfo", &m.DockerInfo}, {"CustomMetadata", &m.CustomMetadata},
	})
	if err != nil {
		return Metadata{}, err
	}
	err = object(build, []member{
		{"BuildTime", &m.BuildMetadata.BuildTime}, {"BuildTool", &m.BuildMetadata.BuildTool},
		{"BuildToolVersion", &m.BuildMetadata.BuildToolVersion}, {"OperatingSystem", &m.BuildMetadata.OperatingSystem},
		{"KernelVersion", &m.BuildMetadata.KernelVersion},
	})
	if err != nil {
		return Metadata{}, fmt.Errorf("BuildMetadata: %w", err)
	}
	if _, err := time.Parse(time.RFC3339, m.BuildMetadata.BuildTime); err != nil {
		return Metadata{}, fmt.Errorf("BuildMetadata.BuildTime (%.40q): must be a time in the form of RFC 3339", m.BuildMetadata.BuildTime)
	}
	return m, nil
}

// member is a key of a JSON object and where its value goes.
type member struct {
	name   string
	target any
}

// object reads a JSON object with the given members, each once. Others are ignored.
// Unlike encoding/json it tells keys apart by case.
func object(b []byte, members []member) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("must be a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("must be JSON: %w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("must be JSON: %w", err)
		}
		name, _ := key.(string)
		if err := take(name, value, members, seen); err != nil {
			return err
		}
	}
	return complete(d, members, seen)
}

func take(name string, value json.RawMessage, members []member, seen map[string]bool) error {
	i := slices.IndexFunc(members, func(m member) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	target := members[i].target
	if seen[name] {
		return fmt.Errorf("%s is there twice", name)
	}
	seen[name] = true
	if text, ok := target.(*string); ok && (len(value) == 0 || value[0] != '"') {
		return fmt.Errorf("%s must be a string", name)
	} else if ok {
		return json.Unmarshal(value, text)
	}
	return json.Unmarshal(value, target)
}

func complete(d *json.Decoder, members []member, seen map[string]bool) error {
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("must be JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("must be one JSON object")
	}
	for _, m := range members {
		if !seen[m.name] {
			return fmt.Errorf("%s is missing", m.name)
		}
	}
	return nil
}
