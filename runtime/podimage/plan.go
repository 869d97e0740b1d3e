package podimage

import (
	"cmp"
	"io/fs"
	"path"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// File is a file of an image. Everything belongs to root: the supervisor, which is not
// root, can change nothing of it even on a root that is not read-only.
type File struct {
	// Path is absolute.
	Path string
	// Mode has the type, for folders and links, and the permission bits.
	Mode fs.FileMode
	// Content of a regular file.
	Content blob.Content
	// Link is the target of a symbolic link.
	Link string
}

// Layer is a part of an image, with a name for people.
type Layer struct {
	Name  string
	Files []File
}

// Plan is what an image consists of, before a byte of it is written.
type Plan struct {
	Platform v1.Platform
	Layers   []Layer
	Config   v1.Config
}

// complete adds the folders that are missing above the files, and sorts by path, so that
// a folder comes before what is in it.
func (l Layer) complete() Layer {
	have := map[string]bool{"/": true}
	for _, f := range l.Files {
		have[f.Path] = true
	}
	files := slices.Clone(l.Files)
	for _, f := range l.Files {
		for dir := path.Dir(f.Path); !have[dir]; dir = path.Dir(dir) {
			have[dir] = true
			files = append(files, folder(dir, 0o755))
		}
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return Layer{l.Name, files}
}

func folder(path string, mode fs.FileMode) File { return File{Path: path, Mode: fs.ModeDir | mode} }

func link(path, target string) File {
	return File{Path: path, Mode: fs.ModeSymlink | 0o777, Link: target}
}

func file(path string, mode fs.FileMode, content blob.Content) File {
	return File{Path: path, Mode: mode, Content: content}
}
