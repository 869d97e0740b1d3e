package imagebuild

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/policy"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
)

// Inputs are the SHA-256 digests, in hexadecimal, of the files that an image was made
// of. They are in its metadata, so that somebody who wants to build it again knows
// which ones to take. An input that was not given has none.
type Inputs struct {
	Kernel, Init      string
	NSMModule, Policy string `json:",omitempty"`
	// CompressInit is the compression of the ramdisk with the init; empty for none.
	CompressInit Compression `json:",omitempty"`
}

// inputs are the files of a request besides the payload.
type inputs struct {
	kernel        eif.Content
	kernelVersion string
	init          initramfs.Content
	module        initramfs.Content
	policy        initramfs.Content
	compression   Compression
	digests       Inputs
}

// open finds the files, takes their digests and looks whether they can be what they are
// given for. They are read again when the image is written; a change of their size in
// between is noticed.
func (r Request) open() (inputs, error) {
	var in inputs
	var l fault.List
	in.kernel, in.digests.Kernel = openInput(&l, "kernel", r.Kernel, func(c initramfs.Content) (err error) {
		in.kernelVersion, err = checkKernel(c, r.Architecture)
		return err
	})
	if got := in.digests.Kernel; got != "" && r.KernelSHA256 != "" && got != r.KernelSHA256 {
		l.Add("kernel", r.Kernel, "has SHA-256 "+got+" and not "+r.KernelSHA256, "take the kernel that was pinned")
	}
	in.init, in.digests.Init = openInput(&l, "init", r.Init, func(c initramfs.Content) error { return CheckProgram(c, r.Architecture) })
	if in.compression = r.compression(&l, in.digests.Kernel); in.compression != CompressNone {
		in.digests.CompressInit = in.compression
	}
	if r.NSMModule != "" {
		in.module, in.digests.NSMModule = openInput(&l, "nsm-module", r.NSMModule, nil)
	}
	if r.Policy != "" {
		in.policy, in.digests.Policy = openInput(&l, "policy", r.Policy, checkPolicy)
	}
	return in, l.Err()
}

// openInput returns a file's content and digest.
func openInput(l *fault.List, property, path string, check func(initramfs.Content) error) (initramfs.Content, string) {
	content, err := blob.File(path)
	if err != nil {
		l.Join(property, err)
		return nil, ""
	}
	digest, err := digestOf(content)
	l.Join(property, err)
	if check != nil && err == nil {
		if err := check(content); err != nil {
			l.Add(property, path, err.Error(), "")
		}
	}
	return content, digest
}

func digestOf(c initramfs.Content) (string, error) {
	r, err := c.Open()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, r)
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, r.Close())
}

// checkPolicy reads the policy as the enclave will, which would else refuse to boot.
func checkPolicy(c initramfs.Content) error {
	r, err := c.Open()
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(r, policy.MaxBytes+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	_, err = policy.Parse(b)
	return err
}
