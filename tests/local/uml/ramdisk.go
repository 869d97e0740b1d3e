package uml

import (
	"encoding/json"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/plan"
)

// writeRamdisk writes what the guest's kernel unpacks: the caller's archives, and ours,
// in which nothing can be replaced by theirs.
func (n *Network) writeRamdisk(to string, o Options) error {
	own, err := n.ownArchive(o)
	if err != nil {
		return err
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	for _, content := range append(o.Ramdisks[:len(o.Ramdisks):len(o.Ramdisks)], own) {
		if err = copyContent(file, content); err != nil {
			break
		}
	}
	if e := file.Close(); err == nil {
		err = e
	}
	return err
}

func copyContent(to io.Writer, content blob.Content) error {
	r, err := content.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(to, r)
	return err
}

// ownArchive has init, its plan and the modules.
func (n *Network) ownArchive(o Options) (blob.Content, error) {
	p := plan.Plan{Command: o.Command, Env: o.Env, AsInit: o.AsInit, Ports: o.Ports, Output: o.Output != nil}
	tree := initramfs.NewTree()
	for _, from := range n.programs.Modules {
		module, err := blob.File(from)
		if err != nil {
			return nil, err
		}
		to := path.Join(plan.ModuleFolder, filepath.Base(from))
		p.Modules = append(p.Modules, to)
		if err := tree.File(to, initramfs.Attributes{Mode: 0o600}, module); err != nil {
			return nil, err
		}
	}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	if err := tree.File(plan.Path, initramfs.Attributes{Mode: 0o600}, blob.Bytes(data)); err != nil {
		return nil, err
	}
	if err := tree.File(plan.InitPath, initramfs.Attributes{Mode: 0o700}, blob.Bytes(n.initProgram)); err != nil {
		return nil, err
	}
	return tree.Archive()
}
