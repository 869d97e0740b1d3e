package instance

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// allocatorConfig is what the allocator's script reads from allocator.yaml.
type allocatorConfig struct {
	memoryMiB int
	cpuCount  int
	cpuPool   []int
}

// parseAllocator follows the allocator's shell parser, which is not a YAML
// parser: the file starts with ---, every line has a key and a value, a line
// without its newline at the end is lost, and a comment is part of the value.
func parseAllocator(text string) (c allocatorConfig, err error) {
	keys := map[string]string{}
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if !strings.HasSuffix(line, "\n") {
			continue // `while read` does not see it
		}
		line = strings.TrimSuffix(line, "\n")
		if i == 0 {
			if line != "---" {
				return c, errors.New("missing memory reservation: the file does not start with ---")
			}
			continue
		}
		key, value, found := strings.Cut(line, ":")
		switch {
		case !found:
			return c, fmt.Errorf("unexpected line %q", line)
		case key != "memory_mib" && key != "cpu_count" && key != "cpu_pool":
			return c, fmt.Errorf("unexpected key %q", key)
		}
		keys[key] = strings.TrimSpace(value)
	}
	return fromKeys(keys)
}

func fromKeys(keys map[string]string) (c allocatorConfig, err error) {
	memory, hasMemory := keys["memory_mib"]
	count, hasCount := keys["cpu_count"]
	pool, hasPool := keys["cpu_pool"]
	switch {
	case !hasMemory:
		return c, errors.New("missing memory reservation")
	case hasCount == hasPool:
		return c, errors.New("exactly one of cpu_count and cpu_pool is needed")
	}
	if c.memoryMiB, err = number("memory_mib", memory); err != nil {
		return c, err
	}
	if hasCount {
		c.cpuCount, err = number("cpu_count", count)
		return c, err
	}
	c.cpuPool, err = parsePool(strings.Trim(pool, `"`))
	return c, err
}

func number(key, value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s: %q is not a positive number", key, value)
	}
	return n, nil
}

// parsePool reads "2,3,6-9".
func parsePool(text string) (pool []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, errFrom := strconv.Atoi(first)
		to, errTo := strconv.Atoi(last)
		if err := errors.Join(errFrom, errTo); err != nil || from > to {
			return nil, fmt.Errorf("cpu_pool: %q is not a list of CPUs", text)
		}
		for cpu := from; cpu <= to; cpu++ {
			pool = append(pool, cpu)
		}
	}
	return pool, nil
}
