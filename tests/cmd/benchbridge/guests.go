package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml"
)

const (
	// enclaveCID is where the server is, in guests.
	enclaveCID = 4
	// vsockMost is the largest number of connections there: a guest has one processor.
	vsockMost = 100
	// vsockMegabytes is the size of the stream there.
	vsockMegabytes = 64
	// guestMiB is the memory of each.
	guestMiB = 512
)

// compareInGuests compares over AF_VSOCK, between a guest in the place of the parent,
// where client and bridge are, and one in that of the enclave with the server.
func compareInGuests(ctx context.Context, o options) error {
	programs, err := uml.Prepare(ctx, os.Stderr)
	if err != nil {
		return err
	}
	network, err := uml.NewNetwork(ctx, programs, transport.ParentCID, enclaveCID)
	if err != nil {
		return err
	}
	defer func() { _ = network.Close() }()
	files, err := guestFiles(ctx)
	if err != nil {
		return err
	}
	guest := uml.Options{Ramdisks: []blob.Content{files}, Env: []string{"PATH=/usr/bin", "TMPDIR=/tmp"}, MemoryMiB: guestMiB}
	enclave := guest
	enclave.Command = []string{"/usr/bin/benchbridge", "-role", "server", "-back", "vsock"}
	if _, err := network.Start(ctx, enclaveCID, enclave); err != nil {
		return err
	}
	guest.Output = os.Stdout
	guest.Command = []string{
		"/usr/bin/benchbridge", "-role", "parent", "-back", "vsock", "-duration", o.duration.String(), "-rounds", strconv.Itoa(o.rounds),
		"-most", strconv.Itoa(min(o.most, vsockMost)), "-megabytes", strconv.Itoa(min(o.megabytes, vsockMegabytes)),
	}
	parent, err := network.Start(ctx, transport.ParentCID, guest)
	if err != nil {
		return err
	}
	return errors.Join(parent.Wait(ctx), network.Trouble())
}

// guestFiles has this program, and socat with its libraries if there is one.
func guestFiles(ctx context.Context) (blob.Content, error) {
	program, err := uml.BuildProgram(ctx, "./cmd/benchbridge")
	if err != nil {
		return nil, err
	}
	tree := initramfs.NewTree()
	if err := tree.File("/usr/bin/benchbridge", initramfs.Attributes{Mode: 0o755}, blob.Bytes(program)); err != nil {
		return nil, err
	}
	if path, err := exec.LookPath("socat"); err == nil {
		list, err := exec.CommandContext(ctx, "ldd", path).Output() //nolint:gosec // socat
		if err != nil {
			return nil, fmt.Errorf("ldd: %w", err)
		}
		for to, from := range libraries(string(list)) {
			if err := addFile(tree, to, from); err != nil {
				return nil, err
			}
		}
		if err := addFile(tree, "/usr/bin/socat", path); err != nil {
			return nil, err
		}
	}
	return tree.Archive()
}

// libraries reads ldd's output: the paths of libraries in the guest and here.
func libraries(list string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(list) {
		for field := range strings.FieldsSeq(line) {
			if strings.HasPrefix(field, "/") {
				found[field] = field
			}
		}
	}
	return found
}

func addFile(tree *initramfs.Tree, to, from string) error {
	content, err := blob.File(from)
	if err != nil {
		return err
	}
	return tree.File(to, initramfs.Attributes{Mode: 0o755}, content)
}
