//go:build linux

package nitro

import (
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// assetTag is where EC2 has the instance's ID.
const assetTag = "sys/devices/virtual/dmi/id/board_asset_tag"

// unknownInstance is nitro-cli's word for an instance whose ID cannot be read.
const unknownInstance = "i-0000000000000000"

// enclaveID is the ID in nitro-cli's form, whose second part has no leading zeros.
func enclaveID(root fs.FS, slot uint64) string {
	instance := unknownInstance
	if b, err := fs.ReadFile(root, assetTag); err == nil {
		if tag := strings.Join(strings.Fields(string(b)), ""); tag != "" {
			instance = tag
		}
	}
	return fmt.Sprintf("%s-enc%x", instance, slot)
}

// info describes what was started. The memory is what it got, which is more than it asked
// for where the pages are larger than that.
func (a *attempt) info() launch.Info {
	return launch.Info{
		ID: enclaveID(a.root(), a.slot), CID: a.cid, CPUs: a.cpus, CPUCount: len(a.cpus),
		MemoryMiB: a.memoryMiB(), Debug: a.request.Debug, Started: a.started,
	}
}

// machine is the architecture that this program runs on, and so its enclaves.
func (l *Launcher) machine() capacity.Architecture {
	if l.architecture != "" {
		return l.architecture
	}
	if runtime.GOARCH == "arm64" {
		return capacity.ARM64
	}
	return capacity.X8664
}
