package initramfs

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Archive is a tree as a newc archive. It is itself a [Content]: the bytes are made
// while they are read.
type Archive struct {
	records []record
	size    int64
}

// maxRefusals is how many files one error names.
const maxRefusals = 20

// record is one entry of the archive.
type record struct {
	header
	// body follows the header: a file's contents or a link's target. It is nil where
	// there is none, and for all names of a hard-linked file but the last.
	body Content
}

// Archive lists the tree, sorted by path and without its root. It refuses special
// files, all together, and paths that the kernel would skip. The tree must not be
// changed while the archive is in use.
func (t *Tree) Archive() (*Archive, error) {
	var l listing
	l.list("", t.root)
	if err := l.err(); err != nil {
		return nil, err
	}
	slices.SortFunc(l.entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	a := &Archive{records: number(l.entries)}
	a.records = append(a.records, record{header: header{links: 1, path: trailer}})
	for _, r := range a.records {
		a.size += padded(headerSize+int64(len(r.path))+1) + padded(int64(r.size))
	}
	return a, nil
}

// Size implements [Content]. It is a multiple of 4, so that the next archive of a
// concatenation is found.
func (a *Archive) Size() int64 { return a.size }

// Open implements [Content].
func (a *Archive) Open() (io.ReadCloser, error) { return &reader{records: a.records}, nil }

type entry struct {
	path string
	*inode
}

// listing collects a tree's entries.
type listing struct {
	entries []entry
	refused fault.List
}

func (l *listing) list(prefix string, dir *node) {
	for name, n := range dir.children {
		path := prefix + name
		l.check(path, n)
		l.entries = append(l.entries, entry{path, n.inode})
		if n.kind == directory {
			l.list(path+"/", n)
		}
	}
}

func (l *listing) check(path string, n *node) {
	switch {
	case n.kind == special:
		l.refused.Add("file", path, "is a "+n.target+", which an enclave image cannot carry: its /dev is the kernel's",
			"remove it, in an image by its last layer")
	case path == trailer:
		l.refused.Add("file", path, "has the name that ends an archive", "give it another name")
	case len(path) > maxPath:
		l.refused.Add("file", path[:40]+"…", fmt.Sprintf("has a path of %d bytes; Linux allows %d", len(path), maxPath), "shorten it")
	}
}

// err returns the first refusals: an image with one device usually has many.
func (l *listing) err() error {
	// Maps have no order, and a message must be the same every time.
	slices.SortFunc(l.refused, func(a, b fault.Fault) int {
		return cmp.Compare(a.Error(), b.Error())
	})
	return l.refused[:min(len(l.refused), maxRefusals)].Err()
}

// number gives inode numbers in the order of paths, and the contents of a hard-linked
// file to its last name.
func number(entries []entry) []record {
	names := map[*inode]uint32{}
	for _, e := range entries {
		names[e.inode]++
	}
	numbers, seen := map[*inode]uint32{}, map[*inode]uint32{}
	records := make([]record, 0, len(entries)+1)
	for _, e := range entries {
		if seen[e.inode]++; seen[e.inode] == 1 {
			numbers[e.inode] = uint32(len(numbers) + 1)
		}
		r := e.record(seen[e.inode] == names[e.inode])
		r.inode, r.links = numbers[e.inode], max(r.links, names[e.inode])
		records = append(records, r)
	}
	return records
}

// record returns the entry without its numbers, and without its body unless this is
// the last name.
func (e entry) record(last bool) record {
	r := record{header: header{mode: e.Mode, uid: e.UID, gid: e.GID, path: e.path}}
	switch e.kind {
	case directory:
		r.mode |= modeDirectory
		r.links = 2 // itself and its "."; the kernel does not look
	case symlink:
		r.mode |= modeSymlink
		r.body = blob.Bytes([]byte(e.target))
	default:
		r.mode |= modeRegular
		if last {
			r.body = e.content
		}
	}
	if r.body != nil {
		r.size = uint32(r.body.Size())
	}
	return r
}
