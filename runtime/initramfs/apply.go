package initramfs

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// apply puts a layer on top of the tree.
func (t *Tree) apply(l *layer) error {
	t.layer++
	paths := l.paths()
	if err := t.makeRoom(l, paths.files); err != nil {
		return err
	}
	if err := t.applyWhiteouts(l); err != nil {
		return err
	}
	// Symbolic links first: others may lie beyond them.
	for _, p := range slices.Concat(paths.symlinks, paths.files) {
		if err := t.applyEntry(p, l.entries[p]); err != nil {
			return err
		}
	}
	return t.applyLinks(l, paths.links)
}

// makeRoom puts empty folders where the layer has a folder and lower layers something
// else. A whiteout in a folder that was a symbolic link would otherwise hide files
// where the link led to.
func (t *Tree) makeRoom(l *layer, files []string) error {
	for _, p := range files {
		if l.entries[p].kind != directory {
			continue
		}
		there, err := t.lookup(p)
		if err != nil {
			return err
		}
		if there != nil && there.kind != directory {
			if err := t.Directory(p, implicit); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyWhiteouts comes before all entries, so that it hides only what is below.
func (t *Tree) applyWhiteouts(l *layer) error {
	slices.Sort(l.opaque)
	for _, p := range l.opaque {
		dir, err := t.directory(p, false)
		if err != nil {
			return err
		}
		if dir != nil {
			clear(dir.children)
		}
	}
	slices.Sort(l.hidden)
	for _, p := range l.hidden {
		dir, name := path.Split(p)
		parent, err := t.directory(dir, false)
		if err != nil {
			return err
		}
		if parent != nil {
			delete(parent.children, name)
		}
	}
	return nil
}

func (t *Tree) applyEntry(p string, c change) error {
	if err := t.contradiction(p, c.kind); err != nil {
		return err
	}
	switch {
	case p == "" && c.kind != directory:
		return errors.New("an entry for the root is not a directory")
	case c.kind == directory:
		return t.Directory(p, c.Attributes)
	case c.kind == symlink:
		return t.Symlink(p, c.target, c.Attributes)
	}
	in := c.inode
	return t.add(p, &in)
}

// contradiction finds a folder that the same layer fills and replaces. Symbolic links
// can hide that from the comparison of paths, and one side would be lost.
func (t *Tree) contradiction(p string, k kind) error {
	there, err := t.lookup(p)
	if err != nil {
		return err
	}
	if there != nil && there.layer == t.layer && there.kind == directory && k != directory {
		return fmt.Errorf("%q is a folder and something else in one layer", p)
	}
	return nil
}

// applyLinks makes hard links. One may lead to another of the same layer, which must
// then be made first.
func (t *Tree) applyLinks(l *layer, links []string) error {
	state := map[string]linkState{}
	for _, p := range links {
		if err := t.applyLink(l, p, state); err != nil {
			return err
		}
	}
	return nil
}

type linkState int

const (
	begun linkState = iota + 1
	done
)

func (t *Tree) applyLink(l *layer, p string, state map[string]linkState) error {
	var chain []string
	for c := l.entries[p]; c.isLink && state[p] == 0; c = l.entries[p] {
		state[p] = begun
		chain = append(chain, p)
		p = c.link
	}
	if state[p] == begun {
		return fmt.Errorf("hard links %s lead to each other", strings.Join(chain[:min(len(chain), 4)], ", "))
	}
	for _, p := range slices.Backward(chain) {
		if err := t.Link(p, l.entries[p].link); err != nil {
			return err
		}
		state[p] = done
	}
	return nil
}
