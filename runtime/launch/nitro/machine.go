//go:build linux

package nitro

import (
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
)

// machine reads a node's /sys below a root.
type machine struct{ root fs.FS }

// text reads a file of one line; false when it cannot be read.
func (m machine) text(path string) (string, bool) {
	b, err := fs.ReadFile(m.root, path)
	return strings.TrimSpace(string(b)), err == nil
}

// number reads a file with one number. "max", which cgroups write for no limit, is the
// largest.
func (m machine) number(path string) (int64, bool) {
	text, ok := m.text(path)
	if !ok {
		return 0, false
	}
	if text == "max" {
		return math.MaxInt64, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// cpuList reads a file with a list of CPUs; nil when it cannot be read.
func (m machine) cpuList(path string) []int {
	text, ok := m.text(path)
	if !ok {
		return nil
	}
	cpus, err := parseCPUList(text)
	if err != nil {
		return nil
	}
	return cpus
}

// maxCPU bounds what a list can make of a few bytes. Linux's own limit is 8192.
const maxCPU = 1 << 16

// parseCPUList reads Linux's form of a list of CPUs: "2-3,6".
func parseCPUList(text string) ([]int, error) {
	var cpus []int
	for part := range strings.SplitSeq(text, ",") {
		if part == "" && text == "" {
			return nil, nil
		}
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		from, err := strconv.ParseUint(low, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("CPU list %q: %w", text, err)
		}
		to, err := strconv.ParseUint(high, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("CPU list %q: %w", text, err)
		}
		if to < from || to > maxCPU {
			return nil, fmt.Errorf("CPU list %q: %q is no range", text, part)
		}
		for cpu := from; cpu <= to; cpu++ {
			cpus = append(cpus, int(cpu))
		}
	}
	return cpus, nil
}
