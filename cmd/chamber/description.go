package main

import (
	"encoding/json"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli/shape"
)

// description is an image in the shape that nitro-cli describe-eif prints, and after
// that what only we say.
type description struct {
	EifVersion         int
	Measurements       eif.Measurements
	IsSigned           bool
	SigningCertificate *shape.Certificate `json:",omitempty"`
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

	subject string // of the certificate
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

// judge fills in the two checks that describe-eif knows.
func (d *description) judge(broken eif.Violations) {
	for _, v := range broken {
		d.Violations = append(d.Violations, v.Error())
	}
	crc, signature := shape.Checks(broken)
	d.CheckCRC = crc
	if d.IsSigned {
		d.SignatureCheck = &signature
	}
}

func (d *description) addMetadata(m eif.Metadata) {
	d.ImageName, d.ImageVersion = m.ImageName, m.ImageVersion
	d.Metadata = &metadataInfo{m.BuildMetadata, m.DockerInfo, m.CustomMetadata}
}
