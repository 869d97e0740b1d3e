package initramfs

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
)

// Names of whiteouts (OCI image specification, layer.md).
const (
	whiteoutPrefix = ".wh."
	// whiteoutMeta begins names that AUFS keeps for itself; only one has a meaning
	// for others.
	whiteoutMeta = ".wh..wh."
	opaqueMarker = ".wh..wh..opq"
)

// xattrPrefix begins the PAX records of extended attributes.
const xattrPrefix = "SCHILY.xattr."

// layer is what one layer of an image says. It is collected before anything of it is
// applied, so that the order of the tar makes no difference: whiteouts come first,
// because they hide only what is below, and hard links last, because their target may
// be in the same layer.
type layer struct {
	// entries by clean path. Of two with one path the later counts.
	entries map[string]change
	// hidden are paths of whiteouts, opaque the folders whose lower content is.
	hidden, opaque []string
	left           budget
}

// change is one entry of a layer.
type change struct {
	inode
	// link is the path that a hard link leads to.
	link string
	// isLink tells a hard link.
	isLink bool
}

// readLayer collects a layer from its tar, putting contents into the spool.
func readLayer(r io.Reader, s *Spool) (*layer, error) {
	l := &layer{entries: map[string]change{}, left: newBudget()}
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return l, s.flush()
		}
		if err != nil {
			return nil, fmt.Errorf("reading its tar: %w", err)
		}
		if err := l.add(h, archive, s); err != nil {
			return nil, err
		}
	}
}

func (l *layer) add(h *tar.Header, contents io.Reader, s *Spool) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	clean, err := cleanPath(h.Name)
	if err != nil {
		return err
	}
	if err := l.left.spend(len(clean) + len(h.Linkname)); err != nil {
		return err
	}
	dir, name := path.Split(clean)
	dir = strings.TrimSuffix(dir, "/")
	switch {
	case name == opaqueMarker:
		l.opaque = append(l.opaque, dir)
	case strings.HasPrefix(name, whiteoutMeta):
	case strings.HasPrefix(name, whiteoutPrefix):
		return l.hide(dir, strings.TrimPrefix(name, whiteoutPrefix))
	default:
		c, err := convert(h)
		if err != nil {
			return err
		}
		if c.kind == regular && !c.isLink {
			if c.content, err = s.add(contents, h.Size); err != nil {
				return fmt.Errorf("file %q: %w", clean, err)
			}
		}
		l.entries[clean] = c
	}
	return nil
}

func (l *layer) hide(dir, name string) error {
	if name == "" || name == "." || name == ".." {
		return fmt.Errorf("whiteout %q in folder %q hides no name", whiteoutPrefix+name, dir)
	}
	l.hidden = append(l.hidden, path.Join(dir, name))
	return nil
}

// convert returns what a tar header says, without contents.
func convert(h *tar.Header) (change, error) {
	c := change{inode: inode{kind: regular}}
	var err error
	if c.Attributes, err = attributesOf(h); err != nil {
		return c, err
	}
	for key := range h.PAXRecords {
		c.lossy = c.lossy || strings.HasPrefix(key, xattrPrefix)
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		if h.Size < 0 || h.Size > maxFile {
			return c, fmt.Errorf("file %q has %d bytes; a newc archive has room for %d", h.Name, h.Size, int64(maxFile))
		}
	case tar.TypeDir:
		c.kind = directory
	case tar.TypeSymlink:
		c.kind, c.target = symlink, h.Linkname
		return c, checkTarget(h.Name, h.Linkname)
	case tar.TypeLink:
		c.isLink = true
		c.link, err = cleanPath(h.Linkname)
	case tar.TypeChar, tar.TypeBlock:
		c.kind, c.target = special, "device node"
	case tar.TypeFifo:
		c.kind, c.target = special, "named pipe"
	default:
		return c, fmt.Errorf("%q is a tar entry of unknown type %q", h.Name, h.Typeflag)
	}
	return c, err
}

func attributesOf(h *tar.Header) (Attributes, error) {
	for _, id := range []int{h.Uid, h.Gid} {
		if int64(id) < 0 || int64(id) > math.MaxUint32 {
			return Attributes{}, fmt.Errorf("%q belongs to user or group %d, which Linux does not have", h.Name, id)
		}
	}
	return Attributes{Mode: uint32(h.Mode) & 0o7777, UID: uint32(h.Uid), GID: uint32(h.Gid)}, nil
}

// layerPaths are the paths of a layer's entries, each list in order, parents first.
type layerPaths struct{ symlinks, files, links []string }

func (l *layer) paths() layerPaths {
	var all layerPaths
	for p, c := range l.entries {
		switch {
		case c.isLink:
			all.links = append(all.links, p)
		case c.kind == symlink:
			all.symlinks = append(all.symlinks, p)
		default:
			all.files = append(all.files, p)
		}
	}
	slices.Sort(all.symlinks)
	slices.Sort(all.files)
	slices.Sort(all.links)
	return all
}
