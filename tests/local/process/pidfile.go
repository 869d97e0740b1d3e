package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// identity is the content of a pid file.
type identity struct {
	PID     int    `json:"pid"`
	Started string `json:"started"`
}

func (d Dir) record(name string, pid int) error {
	started, err := startTime(pid)
	if err != nil {
		return fmt.Errorf("reading when %s started (see %s): %w", name, d.Log(name), err)
	}
	data, err := json.Marshal(identity{PID: pid, Started: started})
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.pidFile(name), data, 0o600); err != nil {
		return fmt.Errorf("writing the pid file of %s: %w", name, err)
	}
	return nil
}

// Running says whether the process of that name is alive.
func (d Dir) Running(name string) bool {
	_, ok := d.find(name)
	return ok
}

// PID returns the id of a running process, or 0.
func (d Dir) PID(name string) int {
	pid, _ := d.find(name)
	return pid
}

func (d Dir) find(name string) (int, bool) {
	data, err := os.ReadFile(d.pidFile(name))
	if err != nil {
		return 0, false
	}
	var id identity
	if json.Unmarshal(data, &id) != nil || id.PID <= 0 {
		return 0, false
	}
	started, err := startTime(id.PID)
	if err != nil || started != id.Started {
		return 0, false
	}
	return id.PID, true
}

func (d Dir) forget(name string) error {
	err := os.Remove(d.pidFile(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Names lists the processes that have a pid file.
func (d Dir) Names() []string {
	files, _ := filepath.Glob(filepath.Join(string(d), "*.pid"))
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".pid"))
	}
	return names
}

func (d Dir) pidFile(name string) string { return filepath.Join(string(d), name+".pid") }
