// Package launch reads what an image says of its payload: command, environment, user
// and working directory. It is in the measured image, and bounded nevertheless: an
// init must not fall over its own input.
package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// Limits of the image's files.
const (
	// MaxBytes bounds each of them.
	MaxBytes = 1 << 20
	// MaxItems bounds the arguments, and the variables.
	MaxItems = 4096
)

// DefaultPath is where programs are looked for when the image sets no PATH: that of
// container engines (moby, oci/defaults.go).
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Spec is how the payload is started.
type Spec struct {
	// Command has at least one item.
	Command []string
	// Env has NAME=value items, each name once.
	Env []string
	// User is the image's USER; see [LookupUser].
	User string
	// WorkingDir is absolute.
	WorkingDir string
}

// Parse reads the files at contract.GuestCommandPath, GuestEnvPath and
// GuestSettingsPath. The settings may be nil, as images of nitro-cli have none.
func Parse(command, env, settings []byte) (Spec, error) {
	var spec Spec
	var errs [3]error
	spec.Command, errs[0] = items(command)
	if errs[0] == nil && (len(spec.Command) == 0 || spec.Command[0] == "") {
		errs[0] = errors.New("names no program")
	}
	spec.Env, errs[1] = environment(env)
	errs[2] = spec.apply(settings)
	for i, name := range []string{contract.GuestCommandPath, contract.GuestEnvPath, contract.GuestSettingsPath} {
		if errs[i] != nil {
			return Spec{}, fmt.Errorf("%s: %w", name, errs[i])
		}
	}
	return spec, nil
}

// items are lines; the last one may lack its end.
func items(data []byte) ([]string, error) {
	switch {
	case len(data) > MaxBytes:
		return nil, fmt.Errorf("is %d bytes, more than %d", len(data), MaxBytes)
	case bytes.IndexByte(data, 0) >= 0:
		return nil, errors.New("has a zero byte")
	case len(data) == 0:
		return nil, nil
	}
	list := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if len(list) > MaxItems {
		return nil, fmt.Errorf("has %d lines, more than %d", len(list), MaxItems)
	}
	return list, nil
}

func environment(data []byte) ([]string, error) {
	list, err := items(data)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for i, item := range list {
		if item == "" { // nitro-cli ends the file in one
			continue
		}
		name, value, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("line %d is not NAME=value", i+1)
		}
		values[name] = value // the last one counts, as in a shell
	}
	return join(values), nil
}

func join(values map[string]string) []string {
	list := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, name+"="+values[name])
	}
	return list
}

func (s *Spec) apply(settings []byte) error {
	var from contract.GuestSettings
	if settings != nil {
		if len(settings) > MaxBytes {
			return fmt.Errorf("is %d bytes, more than %d", len(settings), MaxBytes)
		}
		decoder := json.NewDecoder(bytes.NewReader(settings))
		decoder.DisallowUnknownFields() // an init that is older than the image
		if err := decoder.Decode(&from); err != nil {
			return err
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return errors.New("there is something behind its end")
		}
	}
	s.User, s.WorkingDir = from.User, from.WorkingDir
	if s.WorkingDir == "" {
		s.WorkingDir = "/"
	}
	if !path.IsAbs(s.WorkingDir) || strings.ContainsRune(s.WorkingDir, 0) {
		return fmt.Errorf("workingDir (%q): must be absolute", s.WorkingDir)
	}
	return nil
}

// WithEnv returns the environment with more variables, which replace those of the
// same name.
func (s Spec) WithEnv(more map[string]string) []string {
	values := map[string]string{}
	for _, item := range s.Env {
		name, value, _ := strings.Cut(item, "=")
		values[name] = value
	}
	maps.Copy(values, more)
	return join(values)
}

// Program returns the file of the command's first item: itself if it has a slash, else
// the first on the image's PATH that exists. The host cannot set PATH.
func (s Spec) Program(executable func(path string) bool) (string, error) {
	name := s.Command[0]
	if strings.Contains(name, "/") {
		if !path.IsAbs(name) {
			name = path.Join(s.WorkingDir, name)
		}
		return name, nil
	}
	folders := DefaultPath
	for _, item := range s.Env {
		if value, ok := strings.CutPrefix(item, "PATH="); ok {
			folders = value
		}
	}
	for folder := range strings.SplitSeq(folders, ":") {
		if file := path.Join(folder, name); path.IsAbs(folder) && executable(file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("the program %q is not in %s", name, folders)
}
