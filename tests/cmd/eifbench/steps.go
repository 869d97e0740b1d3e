package main

import (
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// steps are what is measured, each in a process of its own with a folder of inputs.
var steps = map[string]func(ctx context.Context, dir string) error{"hash": hashStep, "build": buildStep, "measure": measureStep}

// hashStep is the bound: nobody can measure an image with less than one SHA-384, or
// check it with less than one CRC-32.
func hashStep(_ context.Context, dir string) error {
	digest, sum := sha512.New384(), crc32.NewIEEE()
	buffer := make([]byte, 1<<20)
	for _, name := range []string{"kernel", "ramdisk0", "ramdisk1"} {
		f, err := os.Open(input{dir}.path(name))
		if err != nil {
			return err
		}
		_, err = io.CopyBuffer(io.MultiWriter(digest, sum), struct{ io.Reader }{f}, buffer)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	fmt.Printf("%x %08x\n", digest.Sum(nil), sum.Sum32())
	return nil
}

func buildStep(ctx context.Context, dir string) error {
	in := input{dir}
	return buildFile(ctx, in, in.path("ours.eif"), eif.X8664, nil)
}

func buildFile(ctx context.Context, in input, path string, a eif.Architecture, signer *eif.Signer) error {
	s, err := in.spec(a, signer)
	if err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = eif.Build(ctx, out, s)
	return errors.Join(err, out.Close())
}

func measureStep(ctx context.Context, dir string) error {
	im, err := eif.OpenFile(input{dir}.path("ours.eif"))
	if err != nil {
		return err
	}
	_, err = im.Measure(ctx)
	return errors.Join(err, im.Close())
}
