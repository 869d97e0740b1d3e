package kernel

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
)

// record writes kernel.json for the files in dir.
func (b build) record(dir string) error {
	r := kernel.Record{
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
	if r.Ramdisks, err = kernel.Ramdisks(string(config)); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, kernel.RecordFile), append(data, '\n'), 0o644) //nolint:gosec // no secret
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
