// Package debian takes packages from the machine's own Debian mirror: as input of
// what is built here, unpacked and not installed, at pinned versions; and the
// compilers and libraries that the builds need, installed when one is root.
//
// The packages come through a private configuration of apt, so that neither the
// machine's sources nor its package lists change, and nothing of another release
// can get installed by accident.
package debian

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
)

// Pin is a file of Debian's archive that is known here.
type Pin struct {
	// Source is true for the upstream archive of a source package.
	Source bool
	// Package, Version and Suite say what to ask apt for.
	Package, Version, Suite string
	// SHA256 is the digest of the file in hex.
	SHA256 string
}

//go:embed pins.txt
var pinFile string

// Pins returns the versions of a package that are known, the preferred first.
func Pins(name string) ([]Pin, error) {
	all, err := parsePins(pinFile)
	if err != nil {
		return nil, fmt.Errorf("pins.txt: %w", err)
	}
	var found []Pin
	for _, p := range all {
		if p.Package == name {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("pins.txt has no version of %s", name)
	}
	return found, nil
}

func parsePins(text string) ([]Pin, error) {
	var pins []Pin
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(fields) != 5 || fields[0] != "deb" && fields[0] != "source" {
			return nil, fmt.Errorf("line %d: want deb or source, name, version, suite and SHA-256", i+1)
		}
		if sum, err := hex.DecodeString(fields[4]); err != nil || len(sum) != 32 {
			return nil, fmt.Errorf("line %d: %q is no SHA-256", i+1, fields[4])
		}
		pins = append(pins, Pin{
			Source: fields[0] == "source", Package: fields[1], Version: fields[2], Suite: fields[3], SHA256: fields[4],
		})
	}
	return pins, nil
}

// file is the name under which the file is kept. Versions may have a colon.
func (p Pin) file() string {
	end := ".deb"
	if p.Source {
		end = ".orig.tar.xz"
	}
	return p.Package + "_" + strings.ReplaceAll(p.Version, ":", "%3a") + end
}
