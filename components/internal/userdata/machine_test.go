package userdata

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// The fake node's places that only the model knows, inside its root.
const (
	modelDir    = "/model"
	machineFile = modelDir + "/machine.json"
	enabledDir  = modelDir + "/enabled"
	packageFile = modelDir + "/package-installed"
)

// The kernel's and our own files, as on a real node.
const (
	poolFile   = "/sys/module/nitro_enclaves/parameters/ne_cpus"
	deviceFile = "/dev/nitro_enclaves"
	nodesDir   = "/sys/devices/system/node"
	console    = "/dev/console"
	fragment   = "/etc/eks/nodeadm.d/99-containment-chamber-not-ready.yaml"
)

// machine is the hardware of a fake node and what is wrong with it.
type machine struct {
	Shape capacity.Shape
	// MostPages limits the pages of a size (KiB) on every NUMA node, as
	// fragmentation does.
	MostPages map[int]int
	// NoDriver makes modprobe fail, NoDevice loads a driver without a device.
	NoDriver, NoDevice bool
	NoPackage          bool
	// Killed kills the script while it installs the package.
	Killed bool
}

// cpu is a row of lscpu.
type cpu struct{ node, core, id int }

// cpus numbers hardware threads as EC2 does: the second threads of all cores come
// behind all the first ones, and NUMA nodes have consecutive cores.
func (m machine) cpus() []cpu {
	cores := m.Shape.VCPUs / m.Shape.ThreadsPerCore
	var all []cpu
	for id := range m.Shape.VCPUs {
		core := id % cores
		all = append(all, cpu{node: core / (cores / m.Shape.NUMANodes), core: core, id: id})
	}
	return all
}

// pageSizes are the kernel's, in KiB, largest first; not all are for enclaves.
func (m machine) pageSizes() []int {
	if m.Shape.Architecture == capacity.ARM64 {
		return []int{1048576, 32768, 2048, 64}
	}
	return []int{1048576, 2048}
}

// nodeKiB is what a NUMA node can give to hugepages.
func (m machine) nodeKiB() int {
	return m.Shape.MemoryMiB * 1024 / m.Shape.NUMANodes / 1000 * 925
}

func pagesFile(node, kib int) string {
	return filepath.Join(nodesDir, "node"+strconv.Itoa(node), "hugepages", fmt.Sprintf("hugepages-%dkB", kib), "nr_hugepages")
}

// settle does what the kernel does when nr_hugepages is written: it finds as many
// pages as there are, and no error tells that they are fewer.
func (m machine) settle(node, kib int) (int, error) {
	free := m.nodeKiB()
	for _, other := range m.pageSizes() {
		if other != kib {
			n, err := readInt(pagesFile(node, other))
			if err != nil {
				return 0, err
			}
			free -= n * other
		}
	}
	n, err := readInt(pagesFile(node, kib))
	if err != nil {
		return 0, err
	}
	n = min(n, free/kib)
	if most, limited := m.MostPages[kib]; limited {
		n = min(n, most)
	}
	return n, writeInt(pagesFile(node, kib), n)
}

// offline reads the CPU pool, empty without the driver.
func offline() (map[int]bool, error) {
	pool := map[int]bool{}
	text, err := os.ReadFile(poolFile)
	if err != nil {
		return pool, nil
	}
	for id := range strings.SplitSeq(strings.TrimSpace(string(text)), ",") {
		if id == "" {
			continue
		}
		n, err := strconv.Atoi(id)
		if err != nil {
			return nil, fmt.Errorf("ne_cpus %q: %w", text, err)
		}
		pool[n] = true
	}
	return pool, nil
}

func readInt(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

func writeInt(path string, n int) error {
	return os.WriteFile(path, []byte(strconv.Itoa(n)+"\n"), 0o644)
}
