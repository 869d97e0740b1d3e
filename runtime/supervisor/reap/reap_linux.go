package reap

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Every is how often to look. Orphans are rare: nothing in the pod makes any on purpose,
// and one that waits costs an entry in a table.
const Every = 10 * time.Second

// process is one that has ended. The time of its start tells it from another that has
// got the same number.
type process struct {
	pid   int
	start string
}

// Run looks for orphans until ctx ends.
func Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	before := map[process]bool{}
	for {
		select {
		case <-tick.C:
			before = look(before)
		case <-ctx.Done():
			return
		}
	}
}

// look waits for those that had ended before and returns those that ended since.
func look(before map[process]bool) map[process]bool {
	now := map[process]bool{}
	for p := range ended(os.Getpid()) {
		if !before[p] {
			now[p] = true
			continue
		}
		_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil) // gone after all: somebody did wait
	}
	return now
}

// ended finds the children of a process that have ended.
func ended(parent int) map[process]bool {
	found := map[process]bool{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // a constant pattern
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it is gone
		}
		if p, ok := parse(string(line), parent); ok {
			found[p] = true
		}
	}
	return found
}

// parse reads a line of /proc/PID/stat (proc_pid_stat(5)): the number, the name in
// parentheses, which may hold anything, the state, the parent, and as the 22nd field the
// start.
func parse(line string, parent int) (process, bool) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return process{}, false
	}
	var p process
	if _, err := fmt.Sscanf(line, "%d", &p.pid); err != nil {
		return process{}, false
	}
	fields := strings.Fields(line[end+1:])
	if len(fields) < 20 || fields[0] != "Z" || fields[1] != strconv.Itoa(parent) {
		return process{}, false
	}
	p.start = fields[19]
	return p, true
}
