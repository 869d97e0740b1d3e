package machine

import (
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// parseMemory reads the kernel's table; nil when it lacks what is needed.
func parseMemory(table string) *control.Memory {
	values := map[string]uint64{}
	for line := range strings.Lines(table) {
		name, rest, _ := strings.Cut(line, ":")
		number, isKiB := strings.CutSuffix(strings.TrimSpace(rest), " kB")
		if n, err := strconv.ParseUint(number, 10, 44); err == nil && isKiB {
			values[name] = n << 10
		}
	}
	total, ok := values["MemTotal"]
	available, found := values["MemAvailable"]
	if !ok || !found {
		return nil
	}
	return &control.Memory{Total: total, Available: available}
}
