//go:build linux

package qemu

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// Preflight checks the programs, the image, memory and CPUs, and the folder for the
// sockets, in which QEMU needs room for the image. That the host has the memory it does not check: in a pod only its limit
// counts, see the package's description.
func (l *Launcher) Preflight(_ context.Context, r launch.Request) []launch.Finding {
	var findings []launch.Finding
	for _, err := range l.Programs.faults() {
		findings = append(findings, found("programs", err.Error(), programsCure)...)
	}
	size, bad := checkImage(r.Image)
	findings = append(findings, bad...)
	findings = append(findings, checkMemory(r.MemoryMiB, size)...)
	findings = append(findings, checkCPUs(r.CPUs)...)
	return append(findings, checkFolder(l.tempDir(), size)...)
}

// checkImage returns the image's size in bytes, 0 when it cannot be read.
func checkImage(path string) (int64, []launch.Finding) {
	image, err := eif.OpenFile(path)
	if err != nil {
		return 0, found("image", err.Error(), "set "+contract.EnvEnclaveImage+" to an enclave image, as `chamber eif build` writes it")
	}
	defer func() { _ = image.Close() }()
	if got := image.Architecture(); got != eif.X8664 {
		problem := fmt.Sprintf("%s is for %s, and QEMU's machine is %s", path, got, eif.X8664)
		return image.Size(), found("image", problem, "build the image for "+string(eif.X8664))
	}
	return image.Size(), nil
}

func checkMemory(mib int, image int64) []launch.Finding {
	least := capacity.LeastMemoryMiB(image)
	if mib >= least {
		return nil
	}
	problem := fmt.Sprintf("%d MiB is less than the %d MiB that an enclave starts with", mib, capacity.MinEnclaveMiB)
	if least > capacity.MinEnclaveMiB {
		problem = fmt.Sprintf("%d MiB is less than %d, %d times the image's %d bytes, for it to be unpacked", mib, least, capacity.ImageMemoryRatio, image)
	}
	return found("memory", problem, fmt.Sprintf("set %s to at least %d", contract.EnvEnclaveMemoryMiB, least))
}

func checkCPUs(n int) []launch.Finding {
	if n >= 1 && n <= maxCPUs {
		return nil
	}
	problem := fmt.Sprintf("%d CPUs are not between 1 and %d, the machine's limit", n, maxCPUs)
	return found("cpus", problem, "set "+contract.EnvEnclaveCPUs+" to the number that the enclave is to have")
}

// checkFolder also looks for room: QEMU writes kernel and ramdisks there, keeps the latter, and
// says no more than that it failed when they do not fit.
func checkFolder(path string, image int64) []launch.Finding {
	const cure = "give the launcher a short, writable folder, such as an emptyDir at " + contract.TempDir
	absolute, err := filepath.Abs(path)
	if err != nil {
		return found("sockets", err.Error(), cure)
	}
	if excess := excessOf(absolute); excess > 0 {
		problem := fmt.Sprintf("%q is %d bytes too long for the path of a unix socket, which has %d", absolute, excess, maxSocketPath)
		return found("sockets", problem, cure)
	}
	info, err := os.Stat(absolute)
	if err == nil && !info.IsDir() {
		err = &os.PathError{Op: "write", Path: absolute, Err: unix.ENOTDIR}
	}
	if err == nil {
		err = access(absolute, unix.W_OK|unix.X_OK)
	}
	var room unix.Statfs_t
	if err == nil {
		err = unix.Statfs(absolute, &room)
	}
	if err != nil {
		return found("sockets", err.Error(), cure)
	}
	return checkRoom(absolute, int64(room.Bavail)*room.Bsize, image) //nolint:gosec // no disk has that much
}

// checkRoom compares what is free in a folder with the image, both in bytes.
func checkRoom(path string, free, image int64) []launch.Finding {
	if free >= image {
		return nil
	}
	problem := fmt.Sprintf("%s has %d bytes free, and QEMU writes kernel and ramdisks of the image there, of %d bytes together with the rest of it", path, free, image)
	return found("room", problem, "give the volume that is mounted there a larger size")
}

func found(check, problem, cure string) []launch.Finding {
	return []launch.Finding{{Check: check, Problem: problem, Cure: cure}}
}
