package kernel

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
)

// recordFile says what the kernel beside it was made from.
const recordFile = "kernel.json"

// Record is the content of kernel.json: enough to build the same bytes again.
type Record struct {
	Architecture kernel.Architecture `json:"architecture"`
	// Image is the name of the kernel's file, SHA256 its digest and Size its length.
	Image  string `json:"image"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	// Source is Debian's package, with the digest of its file.
	Source struct {
		Package string `json:"package"`
		Version string `json:"version"`
		SHA256  string `json:"sha256"`
	} `json:"source"`
	// SettingsSHA256 is the digest of the fragment without its comments, ConfigSHA256
	// that of the complete configuration.
	SettingsSHA256 string    `json:"settingsSha256"`
	ConfigSHA256   string    `json:"configSha256"`
	Toolchain      Toolchain `json:"toolchain"`
	// Environment is what the build was given so that its result does not depend on
	// when, where and by whom it was built.
	Environment []string `json:"environment"`
}

// record writes kernel.json for the files in dir.
func (b build) record(dir string) error {
	r := Record{
		Architecture: b.arch, Image: b.image, SettingsSHA256: digest([]byte(b.settings)),
		Toolchain: b.chain, Environment: environment,
	}
	r.Source.Package, r.Source.Version, r.Source.SHA256 = b.source.Package, b.source.Version, b.source.SHA256
	image, err := os.ReadFile(filepath.Join(dir, b.image))
	if err != nil {
		return err
	}
	config, err := os.ReadFile(filepath.Join(dir, "config"))
	if err != nil {
		return err
	}
	r.SHA256, r.Size, r.ConfigSHA256 = digest(image), int64(len(image)), digest(config)
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, recordFile), append(data, '\n'), 0o644) //nolint:gosec // no secret
}

// ReadRecord reads a kernel.json.
func ReadRecord(path string) (Record, error) {
	var r Record
	data, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("reading %s: %w", path, err)
	}
	return r, nil
}

// Digest is the SHA-256 of a file, in hex.
func Digest(path string) (string, error) {
	data, err := os.ReadFile(path)
	return digest(data), err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
