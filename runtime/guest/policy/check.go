package policy

import (
	"fmt"
	"maps"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// CheckBootstrap returns an error with code forbidden that names everything in a
// bootstrap which the policy does not allow. It never shows a value.
func (p Policy) CheckBootstrap(b control.Bootstrap) error {
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(b.Environment)) {
		if !slices.Contains(p.Environment, name) {
			refused = append(refused, "environment."+name)
		}
	}
	refused = append(refused, p.refusedFiles(b.Files)...)
	for _, e := range b.Egress {
		if !p.AllowsEndpoint(e.Host, e.Port) {
			refused = append(refused, fmt.Sprintf("egress %s:%d", e.Host, e.Port))
		}
	}
	return forbidden(refused)
}

// CheckFiles is CheckBootstrap for a later update of files.
func (p Policy) CheckFiles(files []control.File) error {
	return forbidden(p.refusedFiles(files))
}

func (p Policy) refusedFiles(files []control.File) []string {
	var refused []string
	for _, file := range files {
		if !slices.Contains(p.Files, file.Path) {
			refused = append(refused, "file "+file.Path)
		}
	}
	return refused
}

func forbidden(refused []string) error {
	if len(refused) == 0 {
		return nil
	}
	return control.Errorf(control.CodeForbidden, "the image's policy does not allow %q; build the image with a policy that does, which changes PCR2", refused)
}
