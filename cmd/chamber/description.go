package main

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// description is an image in the shape that nitro-cli describe-eif prints, and after
// that what only we say.
type description struct {
	EifVersion         int
	Measurements       eif.Measurements
	IsSigned           bool
	SigningCertificate *certificateInfo `json:",omitempty"`
	CheckCRC           bool
	SignatureCheck     *bool         `json:",omitempty"`
	ImageName          string        `json:",omitempty"`
	ImageVersion       string        `json:",omitempty"`
	Metadata           *metadataInfo `json:",omitempty"`

	Architecture   eif.Architecture
	Cmdline        string
	Size           int64
	LeastMemoryMiB int
	Sections       []sectionInfo
	// Violations are all rules that the image breaks.
	Violations []string `json:",omitempty"`
}

// metadataInfo is an image's metadata as describe-eif prints it: the build's at the same
// level as the rest, without name and version.
type metadataInfo struct {
	eif.BuildMetadata
	DockerInfo     json.RawMessage
	CustomMetadata json.RawMessage
}

type sectionInfo struct {
	Type eif.SectionType
	Size int64
}

// certificateInfo is the signing certificate as describe-eif prints it: names in the
// long form, times in that of OpenSSL.
type certificateInfo struct {
	IssuerName map[string]string
	Algorithm  string
	NotBefore  string
	NotAfter   string
	Signature  string
	subject    string
}

// judge fills in the two checks that describe-eif knows.
func (d *description) judge(broken eif.Violations) {
	valid := true
	for _, v := range broken {
		d.Violations = append(d.Violations, v.Error())
		if v.Field == "header.crc" {
			d.CheckCRC = false
		}
		if strings.HasPrefix(v.Field, "signature") {
			valid = false
		}
	}
	if d.IsSigned {
		d.SignatureCheck = &valid
	}
}

func (d *description) addMetadata(m eif.Metadata) {
	d.ImageName, d.ImageVersion = m.ImageName, m.ImageVersion
	d.Metadata = &metadataInfo{m.BuildMetadata, m.DockerInfo, m.CustomMetadata}
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

func certificateOf(c *x509.Certificate) *certificateInfo {
	const openssl = "Jan _2 15:04:05 2006 GMT"
	info := &certificateInfo{
		IssuerName: map[string]string{}, Algorithm: algorithms[c.SignatureAlgorithm],
		NotBefore: c.NotBefore.UTC().Format(openssl), NotAfter: c.NotAfter.UTC().Format(openssl),
		Signature: hex.EncodeToString(c.Signature), subject: c.Subject.String(),
	}
	if info.Algorithm == "" {
		info.Algorithm = c.SignatureAlgorithm.String()
	}
	for _, part := range c.Issuer.Names {
		name, ok := longNames[part.Type.String()]
		if !ok {
			name = part.Type.String()
		}
		if text, ok := part.Value.(string); ok {
			info.IssuerName[name] = text
		}
	}
	return info
}
