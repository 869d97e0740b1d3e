package imagebuild

import (
	"fmt"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// payload is how the enclave's program is started.
type payload struct {
	command  []string
	env      []string
	settings contract.GuestSettings
}

// payloadOf takes from the image's configuration what the request does not give.
func (r Request) payloadOf(config v1.Config) (payload, error) {
	p := payload{
		command:  r.Command,
		env:      mergeEnv(config.Env, r.Env),
		settings: contract.GuestSettings{User: config.User, WorkingDir: config.WorkingDir},
	}
	if len(p.command) == 0 {
		p.command = append(append([]string{}, config.Entrypoint...), config.Cmd...)
	}
	if r.User != "" {
		p.settings.User = r.User
	}
	if r.WorkingDir != "" {
		p.settings.WorkingDir = r.WorkingDir
	}
	return p, p.validate()
}

// mergeEnv keeps the order of the image, so that its bytes do not depend on a map.
func mergeEnv(image, more []string) []string {
	var all []string
	for _, item := range append(append([]string{}, image...), more...) {
		name, _, _ := strings.Cut(item, "=")
		replaced := false
		for i, there := range all {
			if have, _, _ := strings.Cut(there, "="); have == name {
				all[i], replaced = item, true
			}
		}
		if !replaced {
			all = append(all, item)
		}
	}
	return all
}

func (p payload) validate() error {
	var l fault.List
	if len(p.command) == 0 || p.command[0] == "" {
		l.Add("cmd", nil, "the image has neither an entry point nor a command", "give --cmd, once for each argument")
	}
	for i, item := range p.command {
		checkItem(&l, fmt.Sprintf("cmd[%d]", i), item)
	}
	for i, item := range p.env {
		property := fmt.Sprintf("env[%d]", i)
		checkItem(&l, property, item)
		if name, _, ok := strings.Cut(item, "="); !ok || name == "" {
			l.Add(property, item, "must be NAME=value", "")
		}
	}
	checkItem(&l, "user", p.settings.User)
	checkItem(&l, "workdir", p.settings.WorkingDir)
	if dir := p.settings.WorkingDir; dir != "" && !path.IsAbs(dir) {
		l.Add("workdir", dir, "must be absolute", "")
	}
	return l.Err()
}

// checkItem refuses what has no place in a file of one item per line.
func checkItem(l *fault.List, property, item string) {
	if strings.ContainsAny(item, "\n\x00") {
		l.Add(property, item, "must be one line without NUL: the enclave's init reads one item per line",
			"put such a value into a file of the image")
	}
}

// lines is the form of the command and environment files.
func lines(items []string) []byte {
	var b strings.Builder
	for _, item := range items {
		b.WriteString(item + "\n")
	}
	return []byte(b.String())
}
