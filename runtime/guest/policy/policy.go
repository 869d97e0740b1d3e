// Package policy is what an enclave image lets its host do: a file in the image, and so
// part of PCR2. Whoever trusts the measurement knows what the host could have set.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
)

// Version is the only version of the file.
const Version = 1

// Limits of a policy file.
const (
	// MaxBytes bounds the file.
	MaxBytes = 256 << 10
	// MaxEntries bounds each of its lists.
	MaxEntries = 256
)

// Policy is what the host may set. The zero value allows nothing.
type Policy struct {
	// Version is always 1.
	Version int `json:"version"`
	// Egress are the endpoints that the payload may reach, as host:port: the rules of
	// package egress, in which "*." at the beginning stands for exactly one label.
	Egress []string `json:"egress,omitempty"`
	// Environment are the names of variables that the host may set.
	Environment []string `json:"environment,omitempty"`
	// Files are the paths of files that the host may write, as the payload sees them.
	Files []string `json:"files,omitempty"`
	// Debug lets the image run in debug mode, in which the host can read the console
	// and all measurements are zero.
	Debug bool `json:"debug,omitempty"`
}

// Default is the policy of an image without one: the signer's configuration, and what
// IRSA and EKS Pod Identity give to a pod. No endpoint can be reached with it.
func Default() Policy {
	return Policy{
		Version: Version,
		Environment: []string{
			"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_DEFAULT_REGION", "AWS_REGION",
			"AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_WEB_IDENTITY_TOKEN_FILE",
		},
		Files: []string{
			contract.ConfigDir + "/" + contract.ConfigFile,
			"/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
			"/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
		},
	}
}

// Parse reads a policy file. Its error names every entry that is wrong.
func Parse(data []byte) (Policy, error) {
	if len(data) > MaxBytes {
		return Policy{}, fmt.Errorf("the policy is %d bytes, more than %d", len(data), MaxBytes)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // a misspelt rule must not be an absent one
	var p Policy
	if err := decoder.Decode(&p); err != nil {
		return Policy{}, fmt.Errorf("reading the policy: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Policy{}, errors.New("reading the policy: there is something behind its end")
	}
	return p, p.validate()
}

func (p Policy) validate() error {
	var errs []error
	if p.Version != Version {
		errs = append(errs, fmt.Errorf("version (%d): must be %d", p.Version, Version))
	}
	if _, err := egress.ParseList("egress", p.Egress); err != nil {
		errs = append(errs, err)
	}
	if len(p.Egress) > MaxEntries {
		errs = append(errs, tooMany("egress", len(p.Egress)))
	}
	errs = append(errs, checkEntries("environment", p.Environment, variableRule), checkEntries("files", p.Files, fileRule))
	return errors.Join(errs...)
}

func tooMany(list string, count int) error {
	return fmt.Errorf("%s: has %d entries, more than %d", list, count, MaxEntries)
}

// checkEntries applies a rule to each entry; the rule says what is wrong, or nothing.
func checkEntries(list string, entries []string, rule func(string) string) error {
	var errs []error
	if len(entries) > MaxEntries {
		errs = append(errs, tooMany(list, len(entries)))
	}
	for i, entry := range entries {
		if broken := rule(entry); broken != "" {
			errs = append(errs, fmt.Errorf("%s[%d] (%.100q): %s", list, i, entry, broken))
		}
	}
	return errors.Join(errs...)
}

// dangerous variables are those by which whoever sets them runs code of theirs, or
// sees what the payload sends. An image that needs one can set it itself.
var dangerous = []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "AWS_CA_BUNDLE", "PATH"}

func variableRule(name string) string {
	switch {
	case name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "":
		return "is not the name of a variable"
	case slices.Contains(dangerous, name):
		return "would let the host take over the payload; set it in the image"
	}
	return ""
}

func fileRule(name string) string {
	if !path.IsAbs(name) || path.Clean(name) != name || name == "/" || strings.ContainsAny(name, "\x00\n*") {
		return "must be the absolute path of one file"
	}
	for _, folder := range []string{"/dev", "/proc", "/sys"} {
		if name == folder || strings.HasPrefix(name, folder+"/") {
			return "is the kernel's"
		}
	}
	return ""
}
