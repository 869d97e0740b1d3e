package initramfs

import (
	"fmt"
	"slices"
)

// Attributes are an entry's owner and permission bits.
type Attributes struct {
	// Mode has the lower twelve bits of a Unix mode: permissions, setuid (04000),
	// setgid (02000) and sticky (01000).
	Mode     uint32
	UID, GID uint32
}

// kind is what an entry is.
type kind uint8

const (
	directory kind = iota
	regular
	symlink
	// special is what an archive of ours cannot carry. It is kept until the tree is
	// archived, because a later layer may still remove it.
	special
)

// inode is what the names of a hard-linked file share.
type inode struct {
	kind kind
	Attributes
	// target of a symbolic link; of a special file, what it is.
	target string
	// content of a regular file.
	content Content
	// lossy tells that there were extended attributes.
	lossy bool
}

// node is a name in a directory.
type node struct {
	*inode
	// children of a directory.
	children map[string]*node
	// layer that put the node there or last gave it attributes. Whiteouts hide only
	// what lower layers brought.
	layer int
}

// implicit are the attributes of directories that no entry describes.
var implicit = Attributes{Mode: 0o755}

// Tree is a file tree in the making. Paths are relative to its root; leading slashes
// are ignored. Parents that are missing are made with mode 0755 and owner 0, parents
// that are symbolic links are followed as inside of a chroot, and what is already
// there is replaced, as the OCI image specification has it (layer.md, "Changeset over
// existing files").
//
// A Tree is for one goroutine.
type Tree struct {
	root  *node
	layer int
	left  budget
}

// NewTree returns a tree with nothing but its root.
func NewTree() *Tree {
	return &Tree{root: newDirectory(implicit, 0), left: newBudget()}
}

func newDirectory(a Attributes, layer int) *node {
	return &node{inode: &inode{kind: directory, Attributes: a}, children: map[string]*node{}, layer: layer}
}

// Directory makes a directory. One that is there gets the attributes and keeps what
// is in it.
func (t *Tree) Directory(path string, a Attributes) error {
	if err := checkAttributes(path, a); err != nil {
		return err
	}
	clean, err := cleanPath(path)
	if err != nil {
		return err
	}
	if clean == "" {
		t.root.Attributes, t.root.layer = a, t.layer
		return nil
	}
	parent, name, err := t.parent(clean)
	if err != nil {
		return err
	}
	if there := parent.children[name]; there != nil && there.kind == directory {
		there.Attributes, there.layer = a, t.layer
		return nil
	}
	return t.put(parent, name, newDirectory(a, t.layer))
}

// File makes a regular file. It must be below 4 GiB.
func (t *Tree) File(path string, a Attributes, content Content) error {
	if size := content.Size(); size < 0 || size > maxFile {
		return fmt.Errorf("file %q has %d bytes; a newc archive has room for %d", path, size, int64(maxFile))
	}
	return t.add(path, &inode{kind: regular, Attributes: a, content: content})
}

// Symlink makes a symbolic link to target, which need not exist. Permission bits of a
// link have no meaning and are not kept.
func (t *Tree) Symlink(path, target string, a Attributes) error {
	if err := checkTarget(path, target); err != nil {
		return err
	}
	a.Mode = 0o777
	return t.add(path, &inode{kind: symlink, Attributes: a, target: target})
}

// Link makes path another name of a file that is there. A symbolic link is copied: the
// kernel's unpacker makes every one of them anew.
func (t *Tree) Link(path, target string) error {
	there, err := t.lookup(target)
	if err != nil {
		return err
	}
	if there == nil || there.kind == directory {
		return fmt.Errorf("%q is a hard link to %q: %w", path, target, errNoFile)
	}
	in := there.inode
	if in.kind != regular {
		other := *in
		in = &other
	}
	return t.add(path, in)
}

// Graft puts another tree, with the attributes of its root, at path, which must be
// free. The other tree belongs to this one from then on.
func (t *Tree) Graft(path string, other *Tree) error {
	clean, err := cleanPath(path)
	if err != nil {
		return err
	}
	parent, name, err := t.parent(clean)
	if err != nil {
		return err
	}
	if name == "" || parent.children[name] != nil {
		return fmt.Errorf("%q is not free", path)
	}
	return t.put(parent, name, other.root)
}

// Dropped names the files that lost extended attributes, such as file capabilities.
func (t *Tree) Dropped() []string {
	var l listing
	l.list("", t.root)
	var paths []string
	for _, e := range l.entries {
		if e.lossy {
			paths = append(paths, e.path)
		}
	}
	slices.Sort(paths)
	return paths
}

func (t *Tree) add(path string, in *inode) error {
	if err := checkAttributes(path, in.Attributes); err != nil {
		return err
	}
	clean, err := cleanPath(path)
	if err != nil {
		return err
	}
	if clean == "" {
		return fmt.Errorf("%q: the root must be a directory", path)
	}
	parent, name, err := t.parent(clean)
	if err != nil {
		return err
	}
	return t.put(parent, name, &node{inode: in, layer: t.layer})
}

// put replaces what has the name, with all that is in it.
func (t *Tree) put(parent *node, name string, n *node) error {
	if err := t.left.spend(len(name) + len(n.target)); err != nil {
		return err
	}
	parent.children[name] = n
	return nil
}

func checkAttributes(path string, a Attributes) error {
	if a.Mode&^0o7777 != 0 {
		return fmt.Errorf("%q has mode %#o; permission bits end at 07777", path, a.Mode)
	}
	return nil
}
