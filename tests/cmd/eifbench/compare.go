package main

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// compare makes images with both programs and lets each read the other's.
func compare(ctx context.Context, dir, reference string) error {
	in := input{dir}
	if err := in.write(1<<20 + 3); err != nil {
		return err
	}
	c := comparison{ctx, in, reference}
	for _, a := range []eif.Architecture{eif.X8664, eif.ARM64} {
		if err := c.unsigned(a); err != nil {
			return fmt.Errorf("%s, unsigned: %w", a, err)
		}
		fmt.Printf("%s, unsigned: the files are the same, byte for byte, and so are the measurements\n", a)
		for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
			if err := c.signed(a, curve); err != nil {
				return fmt.Errorf("%s, signed with %s: %w", a, curve.Params().Name, err)
			}
			fmt.Printf("%s, signed with %s: measurements are the same, files differ in the random COSE signature only, each accepts the other's\n", a, curve.Params().Name)
		}
	}
	return nil
}

type comparison struct {
	ctx       context.Context
	in        input
	reference string
}

func (c comparison) unsigned(a eif.Architecture) error {
	ours, aws, err := c.both(a, nil)
	if err != nil {
		return err
	}
	return errors.Join(sameFile(ours, aws), c.accept(ours, eif.VerifyOptions{}), c.accept(aws, eif.VerifyOptions{}))
}

func (c comparison) signed(a eif.Architecture, curve elliptic.Curve) error {
	if err := c.in.writeKey(curve); err != nil {
		return err
	}
	signer, err := eif.LoadSigner(c.in.path("cert.pem"), c.in.path("key.pem"))
	if err != nil {
		return err
	}
	ours, aws, err := c.both(a, signer)
	if err != nil {
		return err
	}
	certificate, err := os.ReadFile(c.in.path("cert.pem"))
	if err != nil {
		return err
	}
	o := eif.VerifyOptions{Certificate: certificate}
	if err := errors.Join(c.onlySignature(ours, aws), c.accept(ours, o), c.accept(aws, o)); err != nil {
		return err
	}
	return c.signAfterwards(a, o)
}

// both builds the image with each program.
func (c comparison) both(a eif.Architecture, signer *eif.Signer) (ours, aws string, err error) {
	ours, aws = c.in.path("ours.eif"), c.in.path("aws.eif")
	_, _, err = run1(c.ctx, c.in.reference(c.reference, aws, string(a), signer != nil))
	return ours, aws, errors.Join(err, buildFile(c.ctx, c.in, ours, a, signer))
}

// accept lets both verify an image and compares what they measure.
func (c comparison) accept(path string, o eif.VerifyOptions) error {
	_, out, err := run1(c.ctx, []string{c.reference, "check", path})
	if err != nil {
		return fmt.Errorf("AWS's reader refuses %s: %w", path, err)
	}
	var aws struct{ Measurements eif.Measurements }
	if err := json.Unmarshal(out, &aws); err != nil {
		return err
	}
	im, err := eif.OpenFile(path)
	if err != nil {
		return err
	}
	defer func() { _ = im.Close() }()
	o.Expected = eif.Expect(aws.Measurements)
	if err := im.Verify(c.ctx, o); err != nil {
		return fmt.Errorf("runtime/eif refuses %s: %w", path, err)
	}
	return nil
}

// onlySignature checks that two images differ in nothing but the signature itself.
func (c comparison) onlySignature(a, b string) error {
	x, err := eif.OpenFile(a)
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	y, err := eif.OpenFile(b)
	if err != nil {
		return err
	}
	defer func() { _ = y.Close() }()
	found, err := eif.Diff(c.ctx, x, y)
	if err == nil && (len(found) != 1 || found[0].What != "COSE signature") {
		err = fmt.Errorf("the images differ: %v", found)
	}
	return err
}

// signAfterwards lets AWS's program sign our unsigned image. A second signature of its
// own is not tried: where its length differs, that program (0.8.1) leaves the old one in
// the table, and neither QEMU nor runtime/eif takes the image.
func (c comparison) signAfterwards(a eif.Architecture, o eif.VerifyOptions) error {
	path := c.in.path("afterwards.eif")
	if err := buildFile(c.ctx, c.in, path, a, nil); err != nil {
		return err
	}
	if _, _, err := run1(c.ctx, []string{c.reference, "sign", path, c.in.path("cert.pem"), c.in.path("key.pem")}); err != nil {
		return fmt.Errorf("AWS's signer refuses our image: %w", err)
	}
	return c.accept(path, o)
}

// sameFile compares in pieces: a child's peak memory begins with its parent's.
func sameFile(a, b string) error {
	x, err := os.Open(a)
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	y, err := os.Open(b)
	if err != nil {
		return err
	}
	defer func() { _ = y.Close() }()
	return sameBytes(x, y)
}

func sameBytes(x, y *os.File) error {
	p, q := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(x, p)
		m, errY := io.ReadFull(y, q)
		switch {
		case !bytes.Equal(p[:n], q[:m]):
			return fmt.Errorf("%s and %s differ", x.Name(), y.Name())
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil || errY != nil:
			return errors.Join(err, errY)
		}
	}
}
