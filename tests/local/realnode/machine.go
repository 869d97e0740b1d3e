package realnode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockName is the file below the system's temporary folder that is locked by the one
// node of the machine. It remembers what is to be put back.
const lockName = "containment-chamber-real-node.lock"

// takeLock waits until no other node runs. The lock lives as long as one process has
// the file open.
func takeLock(ctx context.Context) (*os.File, error) {
	path := filepath.Join(os.TempDir(), lockName)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("waiting for the node that holds %s: %w", path, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// machine is what a node changes outside of its namespaces.
type machine struct {
	// memory is the lock file, with what is to be put back.
	memory *os.File
	dir    string
	groups *groups
}

const hugePages = "/proc/sys/vm/nr_hugepages"

func (m *machine) prepare(options Options) (err error) {
	if m.groups, err = newGroups(m.dir); err != nil {
		return err
	}
	if err := m.groups.create(); err != nil {
		return err
	}
	return m.setHugePages(options.HugePages)
}

// restore puts back what prepare has changed.
func (m *machine) restore() error {
	var errs []error
	if m.groups != nil {
		errs = append(errs, m.groups.remove())
	}
	return errors.Join(append(errs, m.restoreNoted())...)
}

// note is what a guard writes down before it changes the machine.
type note struct {
	// HugePages is how many pages there were, Dir the folder of the node.
	HugePages int
	Dir       string
}

// setHugePages adds pages to those of the machine, after it has noted how many there were.
func (m *machine) setHugePages(pages int) error {
	before, err := readNumber(hugePages)
	if err != nil {
		return err
	}
	data, err := json.Marshal(note{before, m.dir})
	if err != nil {
		return err
	}
	if _, err := m.memory.WriteAt(data, 0); err != nil {
		return err
	}
	if err := os.WriteFile(hugePages, []byte(strconv.Itoa(before+pages)), 0o644); err != nil { //nolint:gosec // not made by this
		return fmt.Errorf("%w: setting hugepages aside: %w", ErrUnavailable, err)
	}
	got, err := readNumber(hugePages)
	if err == nil && got != before+pages { // the kernel takes what it finds, and says nothing
		err = fmt.Errorf("the machine has %d pages of 2 MiB and %d are wanted: its memory is short or in pieces", got, before+pages)
	}
	return err
}

// restoreNoted does what the note in the lock file says, of this guard or of one that
// was killed. The folder of that one goes too, if it looks like one.
func (m *machine) restoreNoted() error {
	data, err := io.ReadAll(io.NewSectionReader(m.memory, 0, 4096))
	if err != nil || len(data) == 0 {
		return err
	}
	var noted note
	if err := json.Unmarshal(data, &noted); err != nil {
		return errors.Join(fmt.Errorf("the lock file says %q: %w", data, err), m.memory.Truncate(0))
	}
	if err := os.WriteFile(hugePages, []byte(strconv.Itoa(noted.HugePages)), 0o644); err != nil { //nolint:gosec // not made by this
		return fmt.Errorf("putting the number of hugepages back: %w", err)
	}
	if noted.Dir != m.dir && filepath.Dir(noted.Dir) == filepath.Dir(m.dir) && strings.HasPrefix(filepath.Base(noted.Dir), folderPrefix) {
		if err := os.RemoveAll(noted.Dir); err != nil {
			return err
		}
	}
	return m.memory.Truncate(0)
}

func readNumber(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(data)))
}
