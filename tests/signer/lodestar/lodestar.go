// Package lodestar drives a signer with the client of a validator that others wrote:
// Lodestar's, from npm, with signatures verified by blst. It needs Node.js 20 or later and
// the npm registry.
//
// The packages that the script imports, and all of Lodestar, are pinned to exact versions;
// what these ask for in turn is not.
package lodestar

import (
	"bytes"
	"context"
	_ "embed" // the script and its versions
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

//go:embed package.json
var versions string

//go:embed client.mjs
var script string

// Network is the one that Lodestar signs for, by its name in the signer's configuration.
const Network = "mainnet"

// FirstEpoch is the first that a run may use: Capella's, the last fork that this version
// of Lodestar knows.
const FirstEpoch = 194048

// ErrUnavailable says that this machine cannot have the client.
var ErrUnavailable = errors.New("the client of Lodestar is not to be had")

// Check is one thing that the client has tried.
type Check struct {
	Name   string  `json:"check"`
	OK     bool    `json:"ok"`
	Detail string  `json:"detail"`
	Millis float64 `json:"ms"`
}

// Client is an installed one.
type Client struct{ dir string }

// Install returns the client, and installs it first where the cache has none. It fails
// with [ErrUnavailable] without Node.js, and where npm fails.
func Install(ctx context.Context, out io.Writer) (*Client, error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%w: there is no %s (Node.js 20 or later)", ErrUnavailable, program)
		}
	}
	dir, err := tools.Cached(ctx, out, tools.Recipe{
		Name: "lodestar", What: "Lodestar's client", Takes: "30 seconds", Inputs: []string{versions, script}, Build: install,
	})
	if err != nil {
		return nil, err
	}
	return &Client{dir}, nil
}

// install runs no script of a package: blst has its library in a package of its own.
func install(ctx context.Context, dir, _ string, _ tools.Say) error {
	for name, text := range map[string]string{"package.json": versions, "client.mjs": script} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // anybody may read it
			return err
		}
	}
	npm := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
	npm.Dir = dir
	if text, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: npm: %w\n%s", ErrUnavailable, err, bytes.TrimSpace(text))
	}
	return nil
}

// Run has the client ask the signer at a URL for one signature of each type, and for two
// that it must refuse. Runs against one signer need ascending epochs, from [FirstEpoch].
// The error is about the client; what the signer did wrong is in the checks.
func (c *Client) Run(ctx context.Context, url string, epoch int) ([]Check, error) {
	node := exec.CommandContext(ctx, "node", "client.mjs", url, strconv.Itoa(epoch)) //nolint:gosec // a test's URL
	node.Dir = c.dir
	var stderr bytes.Buffer
	node.Stderr = &stderr
	text, err := node.Output()
	if err != nil {
		return nil, fmt.Errorf("the client of Lodestar: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	var checks []Check
	for line := range bytes.Lines(text) {
		var c Check
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("the client of Lodestar said %q: %w", line, err)
		}
		checks = append(checks, c)
	}
	if len(checks) == 0 {
		return nil, errors.New("the client of Lodestar has tried nothing")
	}
	return checks, nil
}
