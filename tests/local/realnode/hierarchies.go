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

// mountGroups builds a copy of the folder with the machine's hierarchies, so that
// another can be put into it, and covers the original with it.
func mountGroups(folder string) (*groups, error) {
	entries, err := os.ReadDir(groupsRoot)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=755"); err != nil {
		return nil, fmt.Errorf("%w: mounts are refused: %w", ErrUnavailable, err)
	}
	g := &groups{}
	for _, entry := range entries {
		if entry.Type()&fs.ModeSymlink != 0 { // such as cpu, for cpu,cpuacct
			if err := copyLink(filepath.Join(groupsRoot, entry.Name()), filepath.Join(folder, entry.Name())); err != nil {
				return nil, err
			}
			continue
		}
		if err := g.bind(folder, entry.Name()); err != nil {
			return nil, err
		}
	}
	if err := g.mountHugetlb(folder); err != nil {
		return nil, err
	}
	return g, unix.Mount(folder, groupsRoot, "", unix.MS_MOVE, "")
}

func copyLink(from, to string) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return os.Symlink(target, to)
}

func (g *groups) bind(folder, name string) error {
	to := filepath.Join(folder, name)
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	g.roots = append(g.roots, filepath.Join(groupsRoot, name))
	return unix.Mount(filepath.Join(groupsRoot, name), to, "", unix.MS_BIND, "")
}

const hugetlb = "hugetlb"

func (g *groups) mountHugetlb(folder string) error {
	root := filepath.Join(groupsRoot, hugetlb)
	if slices.Contains(g.roots, root) {
		return nil
	}
	to := filepath.Join(folder, hugetlb)
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("cgroup", to, "cgroup", 0, hugetlb); err != nil {
		return fmt.Errorf("%w: control groups for hugepages are refused: %w", ErrUnavailable, err)
	}
	g.roots, g.own = append(g.roots, root), true
	return nil
}

// removeHugetlb ends the hierarchy that was made for the node. The kernel does so some
// time after its last mount has gone, unless removed groups still held pages then: those
// need another mount and unmount.
func (g *groups) removeHugetlb() error {
	if !g.own {
		return nil
	}
	root := filepath.Join(groupsRoot, hugetlb)
	var err error
	for range 10 {
		_ = unix.Unmount(root, 0)
		if err = retry(3*time.Second, hugetlbGone); err == nil {
			return nil
		}
		if err := unix.Mount("cgroup", root, "cgroup", 0, hugetlb); err != nil {
			return err
		}
	}
	return err
}

func hugetlbGone() error {
	table, err := os.ReadFile("/proc/cgroups")
	if err == nil && mounted(string(table), hugetlb) {
		err = errors.New("the control groups for hugepages are still there")
	}
	return err
}

// mounted says whether /proc/cgroups has a hierarchy of the controller.
func mounted(table, controller string) bool {
	for line := range strings.SplitSeq(table, "\n") {
		if fields := strings.Fields(line); len(fields) == 4 && fields[0] == controller {
			return fields[1] != "0"
		}
	}
	return false
}
