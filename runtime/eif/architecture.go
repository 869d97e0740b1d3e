package eif

import "github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"

// Architecture is the processor architecture of an image: bit 0 of the header's flags.
type Architecture = capacity.Architecture

// The architectures that enclaves run on.
const (
	X8664 = capacity.X8664
	ARM64 = capacity.ARM64
)

const flagARM64 uint16 = 1

func architectureOf(flags uint16) Architecture {
	if flags&flagARM64 != 0 {
		return ARM64
	}
	return X8664
}

func flagsOf(a Architecture) uint16 {
	if a == ARM64 {
		return flagARM64
	}
	return 0
}
