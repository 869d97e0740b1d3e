package podimage

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

// program is a static Go program, and what it says of itself.
type program struct {
	content blob.Content
	sha256  string
	info    *buildinfo.BuildInfo
}

// openProgram refuses what could not run on nothing but a kernel.
func openProgram(property, path string, a eif.Architecture) (*program, error) {
	content, err := blob.File(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", property, err)
	}
	if broken := imagebuild.CheckProgram(content, a); broken != nil {
		return nil, fault.Fault{Property: property, Value: path, Rule: broken.Error(),
			WayOut: "build it with make enclave-supervisor or make enclave-init; GOARCH=arm64 for Graviton"}
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, fault.Fault{Property: property, Value: path, Rule: "must be a Go program that tells its modules: " + err.Error()}
	}
	sum, err := sha256Of(content)
	return &program{content, sum, info}, err
}

// sha256Of is a SHA-256 in hexadecimal.
func sha256Of(c blob.Content) (string, error) {
	r, err := c.Open()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, r)
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, r.Close())
}
