package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// memory is what the processes of the subject's group hold of memory, each page that
// several share divided among them (Pss of proc_pid_smaps_rollup). What the kernel has
// for processes and sockets is not in it.
func (s subject) memory() int64 {
	var sum int64
	for _, dir := range s.processes() {
		sum += pss(dir)
	}
	return sum
}

// descriptors is how many descriptors the group's processes have open.
func (s subject) descriptors() int {
	sum := 0
	for _, dir := range s.processes() {
		entries, _ := os.ReadDir(filepath.Join(dir, "fd"))
		sum += len(entries)
	}
	return sum
}

// settle waits until the connections of a round are gone, so that the next round finds
// descriptors free and the processor idle. It gives up after a while.
func (s subject) settle() {
	for range 500 {
		if s.descriptors() <= s.resting {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// processes are the folders in /proc of the group.
func (s subject) processes() []string {
	var group []string
	found, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range found {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if id, err := syscall.Getpgid(pid); err == nil && id == s.group {
			group = append(group, dir)
		}
	}
	return group
}

func pss(dir string) int64 {
	text, err := os.ReadFile(filepath.Join(dir, "smaps_rollup"))
	if err != nil {
		return 0 // It has ended.
	}
	for line := range bytes.Lines(text) {
		if rest, ok := strings.CutPrefix(string(line), "Pss:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// raiseLimit asks for as many descriptors as can be had. Where root may, that is more
// than the hard limit.
func raiseLimit() {
	const wanted = 65536
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil || l.Cur >= wanted {
		return
	}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: wanted, Max: max(wanted, l.Max)}) != nil {
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: l.Max, Max: l.Max})
	}
}

// descriptors is how many this process and those that it starts may have.
func descriptors() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 1024
	}
	return int(min(l.Cur, 1<<30))
}
