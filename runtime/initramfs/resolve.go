package initramfs

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

const (
	// maxLinks is how many symbolic links one path may lead through (Linux's
	// MAXSYMLINKS).
	maxLinks = 40
	// maxDepth is how deep the tree may be. A path of maxPath bytes is never deeper;
	// symbolic links to deep folders could be.
	maxDepth = (maxPath + 1) / 2
)

var errNoFile = errors.New("there is no file of that name")

// parent returns the directory of a clean path, which is made where it is missing,
// and the last name.
func (t *Tree) parent(clean string) (*node, string, error) {
	dir, name := path.Split(clean)
	n, err := t.directory(dir, true)
	return n, name, err
}

// lookup returns the node at a path, without following it when it is a symbolic link,
// or nil when there is none.
func (t *Tree) lookup(name string) (*node, error) {
	clean, err := cleanPath(name)
	if err != nil {
		return nil, err
	}
	if clean == "" {
		return t.root, nil
	}
	dir, base := path.Split(clean)
	n, err := t.directory(dir, false)
	if err != nil || n == nil {
		return nil, err
	}
	return n.children[base], nil
}

// walk is the way from the root to a directory.
type walk struct {
	tree  *Tree
	path  string // as the caller named it, for errors
	todo  []string
	way   []*node
	links int
}

// directory returns the directory at a path, following symbolic links as inside of a
// chroot. What is missing is made, or gives nil.
func (t *Tree) directory(dir string, create bool) (*node, error) {
	w := walk{tree: t, path: dir, todo: splitPath(dir), way: []*node{t.root}}
	for len(w.todo) > 0 {
		if there, err := w.step(create); err != nil || !there {
			return nil, err
		}
	}
	return w.here(), nil
}

func (w *walk) here() *node { return w.way[len(w.way)-1] }

// step goes one name further. It returns false when there is nothing.
func (w *walk) step(create bool) (bool, error) {
	name := w.todo[0]
	w.todo = w.todo[1:]
	if name == ".." {
		w.way = w.way[:max(1, len(w.way)-1)]
		return true, nil
	}
	next := w.here().children[name]
	switch {
	case next != nil && next.kind == symlink:
		return true, w.follow(next.target)
	case next == nil || next.kind != directory:
		if !create {
			return false, nil
		}
		var err error
		if next, err = w.make(name, next); err != nil {
			return false, err
		}
	}
	if w.way = append(w.way, next); len(w.way) > maxDepth {
		return false, fmt.Errorf("path %q leads more than %d folders deep", w.path, maxDepth)
	}
	return true, nil
}

func (w *walk) follow(target string) error {
	if w.links++; w.links > maxLinks {
		return fmt.Errorf("path %q leads through more than %d symbolic links", w.path, maxLinks)
	}
	if strings.HasPrefix(target, "/") {
		w.way = w.way[:1]
	}
	w.todo = append(splitPath(target), w.todo...)
	return nil
}

// make adds a directory. It replaces a file of a lower layer, as an overlay would;
// in one layer that is a contradiction.
func (w *walk) make(name string, there *node) (*node, error) {
	if len(name) > maxName {
		return nil, fmt.Errorf("path %q leads to a name of %d bytes; Linux allows %d", w.path, len(name), maxName)
	}
	if there != nil && there.layer == w.tree.layer {
		return nil, fmt.Errorf("path %q leads through %q, which is a file", w.path, name)
	}
	n := newDirectory(implicit, w.tree.layer)
	return n, w.tree.put(w.here(), name, n)
}

// Has tells whether there is something at a path, be it a symbolic link to nothing.
func (t *Tree) Has(name string) (bool, error) {
	n, err := t.lookup(name)
	return n != nil, err
}
