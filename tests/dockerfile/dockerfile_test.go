// Package dockerfile compares Dockerfile.nitro with the image that is built without
// Docker, as far as that can be done without Docker: by its parsed instructions.
package dockerfile

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

const path = "../../Dockerfile.nitro"

func parse(t *testing.T) ([]instructions.Stage, []instructions.ArgCommand) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	result, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Warnings) > 0 {
		t.Errorf("BuildKit warns of %v", result.Warnings)
	}
	stages, args, err := instructions.Parse(result.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	return stages, args
}

// TestPins: every image that something is taken from has a version and a digest.
func TestPins(t *testing.T) {
	stages, args := parse(t)
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}$`)
	named := map[string]string{}
	for _, a := range args {
		for _, one := range a.Args {
			named[one.Key] = one.ValueString()
		}
	}
	built := []string{"scratch", "kernel-${KERNEL}"}
	for _, s := range stages {
		name, isArg := strings.CutPrefix(s.BaseName, "${")
		name = strings.TrimSuffix(name, "}")
		switch {
		case slices.Contains(built, s.BaseName): // an earlier stage, or nothing
		case isArg && pinned.MatchString(named[name]):
		default:
			t.Errorf("stage %q is FROM %s, which is no pin: %q", s.Name, s.BaseName, named[name])
		}
		built = append(built, s.Name)
	}
}

// last is what the last stage makes, in the terms of an image's configuration.
func last(t *testing.T) (config v1.Config, folders []string) {
	t.Helper()
	stages, _ := parse(t)
	stage := stages[len(stages)-1]
	if stage.BaseName != "scratch" {
		t.Errorf("the image is FROM %s, not scratch", stage.BaseName)
	}
	config.ExposedPorts = map[string]struct{}{}
	for _, command := range stage.Commands {
		switch c := command.(type) {
		case *instructions.CopyCommand:
			if c.From != "image" || c.DestPath != "/" || len(c.SourcePaths) != 1 {
				t.Errorf("COPY %v to %s", c.SourcePaths, c.DestPath)
			}
			folders = append(folders, c.SourcePaths...)
		case *instructions.EnvCommand:
			for _, e := range c.Env {
				config.Env = append(config.Env, e.String())
			}
		case *instructions.ExposeCommand:
			for _, p := range c.Ports {
				config.ExposedPorts[p] = struct{}{}
			}
		case *instructions.WorkdirCommand:
			config.WorkingDir = c.Path
		case *instructions.UserCommand:
			config.User = c.User
		case *instructions.EntrypointCommand:
			config.Entrypoint = c.CmdLine
		default:
			t.Errorf("an instruction that no image built without Docker has: %s", command)
		}
	}
	return config, folders
}

// TestSameImage: entry point, user, ports, environment and layers are those that
// `chamber image build` makes of a real enclave image.
func TestSameImage(t *testing.T) {
	config, folders := last(t)
	want := builtConfig(t)
	var layers []string
	for _, h := range want.History {
		layers = append(layers, "/layers/"+h.Comment+"/")
	}
	if diff := cmp.Diff(layers, folders); diff != "" {
		t.Errorf("layers (-chamber +Dockerfile):\n%s", diff)
	}
	labels := want.Config.Labels
	want.Config.Labels = nil // a Dockerfile cannot compute them
	if diff := cmp.Diff(want.Config, config); diff != "" {
		t.Errorf("configuration (-chamber +Dockerfile):\n%s", diff)
	}
	if len(labels) == 0 {
		t.Error("the image built without Docker has no labels")
	}
}

// TestCommands: each flag that the Dockerfile gives to chamber is one of chamber's.
func TestCommands(t *testing.T) {
	stages, _ := parse(t)
	i := slices.IndexFunc(stages, func(s instructions.Stage) bool { return s.Name == "image" })
	if i < 0 {
		t.Fatal("there is no stage image")
	}
	var script strings.Builder
	for _, command := range stages[i].Commands {
		if run, ok := command.(*instructions.RunCommand); ok {
			script.WriteString(strings.Join(run.CmdLine, " ") + "\n")
		}
	}
	known := map[string]bool{}
	for _, command := range []string{"eif", "image"} {
		out, err := exec.Command("go", "-C", "../..", "run", "./cmd/chamber", command, "build", "--help").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, flag := range flags.FindAllString(string(out), -1) {
			known[flag] = true
		}
	}
	used := map[string]bool{}
	for _, flag := range flags.FindAllString(script.String(), -1) {
		used[flag] = true
		if !known[flag] {
			t.Errorf("chamber has no flag %s", flag)
		}
	}
	for _, flag := range []string{"--image", "--init", "--kernel", "--cmdline", "--nsm-module", "--policy", "--sign-key", "--enclave-image", "--supervisor", "--folders"} {
		if !used[flag] {
			t.Errorf("%s is not used; it has %v", flag, slices.Sorted(maps.Keys(used)))
		}
	}
}

var flags = regexp.MustCompile(`--[a-z][a-z-]+`)
