package imagebuild

import (
	"encoding/json"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
)

// Attributes of what the ramdisks have beside the payload's own files, as in
// nitro-cli's.
var (
	executable = initramfs.Attributes{Mode: 0o755}
	folder     = initramfs.Attributes{Mode: 0o755}
	plain      = initramfs.Attributes{Mode: 0o644}
)

// bootstrap returns the first ramdisk: what is the same for every payload.
func bootstrap(in inputs) (*initramfs.Archive, error) {
	t := initramfs.NewTree()
	if err := t.Directory("dev", folder); err != nil {
		return nil, err
	}
	if err := t.File(contract.GuestInitPath, executable, in.init); err != nil {
		return nil, err
	}
	if in.module != nil {
		if err := t.File(contract.GuestModulePath, executable, in.module); err != nil {
			return nil, err
		}
	}
	return t.Archive()
}

// customer returns the second ramdisk, which has the payload. The root belongs to it
// from then on.
func customer(root *initramfs.Tree, p payload, policy initramfs.Content) (*initramfs.Archive, error) {
	if err := makeGuestFolders(root); err != nil {
		return nil, err
	}
	settings, err := json.Marshal(p.settings)
	if err != nil {
		return nil, err
	}
	t := initramfs.NewTree()
	files := map[string]initramfs.Content{
		contract.GuestCommandPath:  blob.Bytes(lines(p.command)),
		contract.GuestEnvPath:      blob.Bytes(lines(p.env)),
		contract.GuestSettingsPath: blob.Bytes(append(settings, '\n')),
	}
	if policy != nil {
		files[contract.GuestPolicyPath] = policy
	}
	for path, content := range files {
		if err := t.File(path, plain, content); err != nil {
			return nil, err
		}
	}
	if err := t.Graft(contract.GuestRootPath, root); err != nil {
		return nil, err
	}
	return t.Archive()
}

// makeGuestFolders adds the folders that the init mounts over. What the image has of
// that name stays as it is.
func makeGuestFolders(root *initramfs.Tree) error {
	for _, name := range contract.GuestFolders {
		there, err := root.Has(name)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		a := folder
		if name == "tmp" {
			a.Mode = 0o1777 // a payload that is not root writes there
		}
		if err := root.Directory(name, a); err != nil {
			return err
		}
	}
	return nil
}
