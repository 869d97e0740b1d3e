package shape

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// Image is what describe-eif prints.
type Image struct {
	EifVersion         int
	Measurements       eif.Measurements
	IsSigned           bool
	SigningCertificate *Certificate `json:",omitempty"`
	CheckCRC           bool
	SignatureCheck     *bool     `json:",omitempty"`
	ImageName          string    `json:",omitempty"`
	ImageVersion       string    `json:",omitempty"`
	Metadata           *Metadata `json:",omitempty"`
}

// Certificate is a signing certificate in the words of OpenSSL.
type Certificate struct {
	IssuerName map[string]string
	Algorithm  string
	NotBefore  string
	NotAfter   string
	// Signature is in hexadecimal, which nitro-cli writes in another form.
	Signature string
}

// Describe reads and measures an image. One that breaks rules is described as well, with
// the checks that it does not pass; the violations are all of them.
func Describe(ctx context.Context, im *eif.Image) (Image, eif.Violations, error) {
	m, broken, err := im.Examine(ctx, eif.VerifyOptions{})
	if err != nil {
		return Image{}, nil, err
	}
	crc, signature := Checks(broken)
	d := Image{EifVersion: im.Version(), Measurements: m, IsSigned: im.Signed(), CheckCRC: crc}
	if d.IsSigned {
		d.SignatureCheck = &signature
	}
	if s, err := im.Signature(); err == nil {
		d.SigningCertificate = CertificateOf(s.Certificate)
	}
	if meta, err := im.Metadata(); err == nil {
		d.ImageName, d.ImageVersion, d.Metadata = meta.ImageName, meta.ImageVersion, MetadataOf(meta)
	}
	return d, broken, nil
}

// Checks are the two that nitro-cli knows, out of all rules that an image breaks.
func Checks(broken eif.Violations) (crc, signature bool) {
	crc, signature = true, true
	for _, v := range broken {
		if v.Field == "header.crc" {
			crc = false
		}
		if strings.HasPrefix(v.Field, "signature") {
			signature = false
		}
	}
	return crc, signature
}

// longNames are OpenSSL's for the parts of a name that certificates have.
var longNames = map[string]string{
	"2.5.4.3": "commonName", "2.5.4.5": "serialNumber", "2.5.4.6": "countryName", "2.5.4.7": "localityName",
	"2.5.4.8": "stateOrProvinceName", "2.5.4.10": "organizationName", "2.5.4.11": "organizationalUnitName",
	"1.2.840.113549.1.9.1": "emailAddress",
}

// algorithms are OpenSSL's names for what the keys of enclave images sign with.
var algorithms = map[x509.SignatureAlgorithm]string{
	x509.ECDSAWithSHA256: "ecdsa-with-SHA256", x509.ECDSAWithSHA384: "ecdsa-with-SHA384", x509.ECDSAWithSHA512: "ecdsa-with-SHA512",
}

// CertificateOf describes a certificate.
func CertificateOf(c *x509.Certificate) *Certificate {
	const openssl = "Jan _2 15:04:05 2006 GMT"
	d := &Certificate{
		IssuerName: map[string]string{}, Algorithm: algorithms[c.SignatureAlgorithm],
		NotBefore: c.NotBefore.UTC().Format(openssl), NotAfter: c.NotAfter.UTC().Format(openssl),
		Signature: hex.EncodeToString(c.Signature),
	}
	if d.Algorithm == "" {
		d.Algorithm = c.SignatureAlgorithm.String()
	}
	for _, part := range c.Issuer.Names {
		name, ok := longNames[part.Type.String()]
		if !ok {
			name = part.Type.String()
		}
		if text, ok := part.Value.(string); ok {
			d.IssuerName[name] = text
		}
	}
	return d
}
