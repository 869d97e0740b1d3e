package guest

import (
	"context"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/files"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
)

// fileWriter is a files.Root.
type fileWriter interface {
	Write(list []control.File) error
}

// openFiles lets files be written, which belong to the payload's user.
func (g *Guest) openFiles(user process.User) error {
	root, err := files.OpenRoot(g.Root, files.Owner{UID: int(user.UID), GID: int(user.GID)})
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.files = root // for the life of the enclave: nobody closes it
	return nil
}

func (g *Guest) putFiles(list []control.File) error {
	g.mu.Lock()
	defer g.mu.Unlock() // of two updates at once, one comes after the other
	return g.files.Write(list)
}

// writeAs writes a file that is not the payload's.
func writeAs(root string, uid, gid int, file control.File) error {
	r, err := files.OpenRoot(root, files.Owner{UID: uid, GID: gid})
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return r.Write([]control.File{file})
}

// PutFiles implements control.Guest.
func (g *Guest) PutFiles(_ context.Context, list []control.File) error {
	if err := g.Policy.CheckFiles(list); err != nil {
		g.Log.Error("an update of files was refused", "error", err)
		return err
	}
	return g.putFiles(list)
}
