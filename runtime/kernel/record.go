package kernel

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// RecordFile is beside a kernel of `make kernel`, and says what it was made from.
const RecordFile = "kernel.json"

// Record is the content of [RecordFile]: enough to build the same bytes again.
type Record struct {
	Architecture Architecture `json:"architecture"`
	// Image is the name of the kernel's file, SHA256 its digest and Size its length.
	Image  string `json:"image"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	// Ramdisks are the compressions of ramdisks that the kernel unpacks, such as xz;
	// see [Ramdisks].
	Ramdisks []string `json:"ramdisks,omitempty"`
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

// Toolchain is what makes the bytes; the kernel's own banner names compiler and linker.
type Toolchain struct {
	// These are the first lines of their --version. The compressor is xz, which packs
	// the kernel for x86_64.
	Compiler   string `json:"compiler"`
	Linker     string `json:"linker"`
	Compressor string `json:"compressor"`
}

// ReadRecord reads a record.
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

// RecordOf returns the record beside a kernel, if it is this kernel's: digest is the
// SHA-256 of the kernel, in hexadecimal.
func RecordOf(path, digest string) (Record, bool) {
	r, err := ReadRecord(filepath.Join(filepath.Dir(path), RecordFile))
	if err != nil || r.SHA256 != digest {
		return Record{}, false
	}
	return r, true
}

// Ramdisks returns from a finished configuration which compressions of ramdisks the
// kernel unpacks, in the order of their names.
func Ramdisks(config string) ([]string, error) {
	settings, err := Parse(config)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, s := range settings {
		if name, ok := compressions[s.Name]; ok && s.Value == "y" {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list, nil
}

// compressions are Linux's (usr/Kconfig).
var compressions = map[string]string{
	"CONFIG_RD_BZIP2": "bzip2", "CONFIG_RD_GZIP": "gzip", "CONFIG_RD_LZ4": "lz4", "CONFIG_RD_LZMA": "lzma",
	"CONFIG_RD_LZO": "lzo", "CONFIG_RD_XZ": "xz", "CONFIG_RD_ZSTD": "zstd",
}
