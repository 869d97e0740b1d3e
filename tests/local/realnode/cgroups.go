package realnode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const groupsRoot = "/sys/fs/cgroup"

// groups are the machine's control groups, as the node sees them.
type groups struct {
	// roots are the folders of the hierarchies: one in version 2.
	roots []string
	// own is true when the hierarchy for hugepages was made for the node.
	own bool
	// enabled is what the root of version 2 passed on before.
	enabled string
}

// newGroups finds the hierarchies and, in version 1, mounts that of hugepages, which
// many systems leave out. The mounts are in this process's namespace only.
func newGroups(dir string) (*groups, error) {
	var file unix.Statfs_t
	if err := unix.Statfs(groupsRoot, &file); err != nil {
		return nil, fmt.Errorf("%w: no control groups: %w", ErrUnavailable, err)
	}
	if file.Type == unix.CGROUP2_SUPER_MAGIC {
		enabled, err := os.ReadFile(filepath.Join(groupsRoot, subtreeControl))
		return &groups{roots: []string{groupsRoot}, enabled: string(enabled)}, err
	}
	return mountGroups(filepath.Join(dir, "cgroup"))
}

// create makes the node's group in each hierarchy. The kubelet wants it to be there.
func (g *groups) create() error {
	if err := g.removeGroups(); err != nil { // of a guard that was killed
		return err
	}
	for _, root := range g.roots {
		if err := os.Mkdir(filepath.Join(root, cgroup), 0o755); err != nil {
			return fmt.Errorf("%w: control groups are refused: %w", ErrUnavailable, err)
		}
	}
	return nil
}

// remove removes the node's groups and what was mounted or passed on for them.
func (g *groups) remove() error {
	return errors.Join(g.removeGroups(), g.restoreControl(), g.removeHugetlb())
}

// removeGroups removes the groups below the node's, deepest first. A group whose last
// process has just ended is busy for a moment.
func (g *groups) removeGroups() error {
	return retry(30*time.Second, func() error {
		var errs []error
		for _, root := range g.roots {
			errs = append(errs, removeTree(filepath.Join(root, cgroup)))
		}
		return errors.Join(errs...)
	})
}

func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeTree(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return unix.Rmdir(dir)
}

const subtreeControl = "cgroup.subtree_control"

// restoreControl takes back the controllers of version 2 that the kubelet has turned on
// for the children of the root.
func (g *groups) restoreControl() error {
	if len(g.roots) != 1 || g.roots[0] != groupsRoot {
		return nil
	}
	path := filepath.Join(groupsRoot, subtreeControl)
	now, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for controller := range strings.FieldsSeq(string(now)) {
		if slices.Contains(strings.Fields(g.enabled), controller) {
			continue
		}
		if err := os.WriteFile(path, []byte("-"+controller), 0o644); err != nil {
			return fmt.Errorf("turning the controller %s off again: %w", controller, err)
		}
	}
	return nil
}

// retry repeats for a while what the kernel may refuse at first.
func retry(limit time.Duration, what func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := what()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}
