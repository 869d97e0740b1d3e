package userdata

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// runAllocator is a model of AWS's nitro-enclaves-allocator script, after its
// source (aws-nitro-enclaves-cli, bootstrap/nitro-enclaves-allocator).
func (m machine) runAllocator() error {
	text, err := os.ReadFile("/etc/nitro_enclaves/allocator.yaml")
	if err != nil {
		return err
	}
	mib, count, err := parseAllocatorYAML(string(text))
	if err != nil {
		return err
	}
	if _, err := os.Stat(poolFile); err != nil {
		return errors.New("the driver is not loaded")
	}
	if count%m.Shape.ThreadsPerCore != 0 {
		return fmt.Errorf("%d CPUs are no whole cores", count)
	}
	for node := range m.Shape.NUMANodes {
		pool := m.corePool(node, count)
		if pool == nil {
			continue
		}
		if err := m.takePages(node, mib*1024); err != nil {
			return err
		}
		return os.WriteFile(poolFile, []byte(strings.Join(pool, ",")+"\n"), 0o644)
	}
	return fmt.Errorf("no NUMA node has %d CPUs for the pool", count)
}

// parseAllocatorYAML knows the subset that the script's parser does.
func parseAllocatorYAML(text string) (mib, count int, err error) {
	lines := strings.SplitAfter(text, "\n")
	if lines[0] != "---\n" {
		return 0, 0, errors.New("missing memory reservation")
	}
	keys := map[string]string{}
	for _, line := range lines[1:] {
		if !strings.HasSuffix(line, "\n") {
			continue // `while read` loses it
		}
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok || key != "memory_mib" && key != "cpu_count" {
			return 0, 0, fmt.Errorf("unexpected line %q", line)
		}
		keys[key] = value
	}
	if mib, err = strconv.Atoi(keys["memory_mib"]); err != nil {
		return 0, 0, fmt.Errorf("memory_mib: %w", err)
	}
	if count, err = strconv.Atoi(keys["cpu_count"]); err != nil {
		return 0, 0, fmt.Errorf("cpu_count: %w", err)
	}
	return mib, count, nil
}

// corePool picks whole cores of a node, never CPU 0's.
func (m machine) corePool(node, count int) []string {
	var pool []string
	for core := 1; core < m.Shape.VCPUs/m.Shape.ThreadsPerCore && len(pool) < count; core++ {
		for _, c := range m.cpus() {
			if c.node == node && c.core == core {
				pool = append(pool, strconv.Itoa(c.id))
			}
		}
	}
	if len(pool) != count {
		return nil
	}
	return pool
}

// takePages empties the node and then takes the largest pages first; what is not to
// be had in one size is made up in the next.
func (m machine) takePages(node, kib int) error {
	for _, size := range m.pageSizes() {
		if err := writeInt(pagesFile(node, size), 0); err != nil {
			return err
		}
	}
	for _, size := range m.pageSizes() {
		if err := writeInt(pagesFile(node, size), kib/size); err != nil {
			return err
		}
		got, err := m.settle(node, size)
		if err != nil {
			return err
		}
		kib -= got * size
	}
	if kib > 0 {
		return fmt.Errorf("failed to reserve the memory: %d KiB are missing", kib)
	}
	return nil
}
