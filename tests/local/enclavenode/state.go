package enclavenode

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// State is what the holder tells of the node.
type State struct {
	// Unavailable is why this machine can run no such node; the rest is empty then.
	Unavailable string `json:",omitempty"`
	// Kubeconfig is the path of the administrator's, Logs the folder with the node's logs.
	Kubeconfig, Logs string
	// Releases are two images that the node has.
	Releases []Release
	// Config is a configuration for the signer in them.
	Config map[string]any
	// AWS is the loopback address at which the holder tells what AWS was asked.
	AWS string
}

// Release is an image of the chamber.
type Release struct {
	// Tag is the signer's, without the suffix of images.
	Tag          string
	Measurements eif.Measurements
}

const (
	stateFile = "state.json"
	// process is the name of the holder among those of a local stack.
	process = "enclave-node"
)

// write replaces the state in one step: others wait for it.
func (s State) write(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	draft := filepath.Join(dir, stateFile+".new")
	if err := os.WriteFile(draft, data, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(dir, stateFile))
}

func read(dir string) (s State, err error) {
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("reading %s: %w", stateFile, err)
	}
	return s, nil
}
