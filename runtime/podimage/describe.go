package podimage

// describe writes what is attached to the image. Both are about its digest, which they
// cannot change.
func (r Request) describe(b *Built, in inputs) error {
	digest, err := b.Image.Digest()
	if err != nil {
		return err
	}
	if b.SBOM, err = r.sbom(in, digest.Hex); err != nil {
		return err
	}
	b.Provenance, err = r.provenance(in, digest.Hex)
	return err
}
