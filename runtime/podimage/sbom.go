package podimage

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// sbom is the bill of materials, in CycloneDX 1.6. It has neither a time nor a random
// number, so that the same image has the same bill.
func (r Request) sbom(in inputs, image string) ([]byte, error) {
	bom := cyclonedx.NewBOM()
	subject := cyclonedx.Component{
		BOMRef: "image", Type: cyclonedx.ComponentTypeContainer, Name: r.name(in), Version: r.version(in), Hashes: hashes(image),
	}
	bom.Metadata = &cyclonedx.Metadata{Component: &subject}
	components := []cyclonedx.Component{
		programComponent("supervisor", contract.SupervisorPath, in.supervisor),
		fileComponent("enclave", contract.EnclaveImagePath, in.enclaveSHA256),
	}
	components = append(components, r.enclaveParts(in)...)
	depends := []cyclonedx.Dependency{
		{Ref: "image", Dependencies: &[]string{"enclave", "supervisor"}},
		{Ref: "supervisor", Dependencies: refs(modules(in.supervisor.info))},
	}
	all := modules(in.supervisor.info)
	if in.init != nil {
		all = append(all, modules(in.init.info)...)
		depends = append(depends, cyclonedx.Dependency{Ref: "init", Dependencies: refs(modules(in.init.info))})
	}
	components = append(components, unique(all)...)
	depends = append(depends, cyclonedx.Dependency{Ref: "enclave", Dependencies: enclaveRefs(components)})
	bom.Components, bom.Dependencies = &components, &depends
	var out bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	return out.Bytes(), err
}

// enclaveParts are what the enclave image says that it was made of.
func (r Request) enclaveParts(in inputs) []cyclonedx.Component {
	var parts []cyclonedx.Component
	recorded := in.recorded()
	if recorded.Kernel != "" {
		kernel := fileComponent("kernel", "kernel", recorded.Kernel)
		kernel.Type, kernel.Version = cyclonedx.ComponentTypeOS, in.metadata.BuildMetadata.KernelVersion
		parts = append(parts, kernel)
	}
	switch {
	case in.init != nil:
		parts = append(parts, programComponent("init", contract.GuestInitPath, *in.init))
	case recorded.Init != "":
		parts = append(parts, fileComponent("init", contract.GuestInitPath, recorded.Init))
	}
	if s := in.signer(); s.reference() != "" {
		parts = append(parts, cyclonedx.Component{
			BOMRef: "signer", Type: cyclonedx.ComponentTypeContainer, Name: s.reference(), Version: in.metadata.ImageVersion, Hashes: hashes(s.sha256()),
		})
	}
	return parts
}

func enclaveRefs(components []cyclonedx.Component) *[]string {
	var refs []string
	for _, c := range components {
		if c.BOMRef == "init" || c.BOMRef == "kernel" || c.BOMRef == "signer" {
			refs = append(refs, c.BOMRef)
		}
	}
	return &refs
}

func programComponent(ref, path string, p program) cyclonedx.Component {
	return cyclonedx.Component{
		BOMRef: ref, Type: cyclonedx.ComponentTypeApplication, Name: p.info.Path, Version: p.info.Main.Version,
		Description: path, Hashes: hashes(p.sha256),
	}
}

func fileComponent(ref, name, sha256 string) cyclonedx.Component {
	return cyclonedx.Component{BOMRef: ref, Type: cyclonedx.ComponentTypeFile, Name: name, Hashes: hashes(sha256)}
}

func hashes(sha256 string) *[]cyclonedx.Hash {
	if sha256 == "" {
		return nil
	}
	return &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: sha256}}
}

// modules are the Go modules that are linked into a program, with the standard library.
func modules(info *buildinfo.BuildInfo) []cyclonedx.Component {
	all := []cyclonedx.Component{module("stdlib", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, d := range info.Deps {
		m := replaced(d)
		all = append(all, module(m.Path, m.Version))
	}
	return all
}

func replaced(m *debug.Module) *debug.Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}

func module(path, version string) cyclonedx.Component {
	purl := fmt.Sprintf("pkg:golang/%s@%s", path, strings.ReplaceAll(version, "+", "%2B"))
	return cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: purl}
}

func refs(components []cyclonedx.Component) *[]string {
	var all []string
	for _, c := range components {
		all = append(all, c.BOMRef)
	}
	slices.Sort(all)
	return &all
}

// unique sorts components, each once.
func unique(all []cyclonedx.Component) []cyclonedx.Component {
	slices.SortFunc(all, func(a, b cyclonedx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	return slices.CompactFunc(all, func(a, b cyclonedx.Component) bool { return a.BOMRef == b.BOMRef })
}
