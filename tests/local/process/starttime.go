package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// errEnded is a process that has ended, also when nobody has collected it yet.
var errEnded = errors.New("the process has ended")

// startTime identifies a process beyond its id: by the kernel's start tick on
// Linux, by ps elsewhere.
func startTime(pid int) (string, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err == nil {
		return parseStat(string(data))
	}
	if _, none := os.Stat("/proc/self/stat"); none == nil {
		return "", errEnded
	}
	return startTimeOf(pid)
}

// parseStat reads state and start time from /proc/<pid>/stat. The second field
// is the program's name in brackets, which may hold anything.
func parseStat(line string) (string, error) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return "", fmt.Errorf("unexpected process status %q", line)
	}
	fields := strings.Fields(line[end+1:])
	const state, start = 0, 19 // fields 3 and 22 of proc(5)
	if len(fields) <= start {
		return "", fmt.Errorf("unexpected process status %q", line)
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return "", errEnded
	}
	return fields[start], nil
}

func startTimeOf(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec,noctx // a number
	state, started, found := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || !found || strings.HasPrefix(state, "Z") {
		return "", errEnded
	}
	return strings.TrimSpace(started), nil
}
