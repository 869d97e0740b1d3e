package capacity

import (
	"fmt"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// Reservation is how a node sets memory aside for enclaves.
type Reservation string

const (
	// Allocator is AWS's nitro-enclaves-allocator service. It takes one total and
	// chooses the page sizes itself.
	Allocator Reservation = "allocator"
	// Direct is this project's own script, which asks for pages of one size.
	Direct Reservation = "direct"
)

// Enclave is what one enclave needs.
type Enclave struct {
	// CPUs counts hardware threads; a multiple of the shape's ThreadsPerCore.
	CPUs int
	// MemoryMiB is in MiB: at least MinEnclaveMiB, a multiple of MemoryStepMiB.
	MemoryMiB int
	// ImageMiB is the size of the enclave image file in MiB, rounded up. 0 means
	// not known, and then nothing is checked against it.
	ImageMiB int
}

// Request is what a node is asked to hold.
type Request struct {
	Shape   Shape
	Enclave Enclave
	// EnclavesPerNode is 1 to contract.MaxEnclavesPerNode.
	EnclavesPerNode int
	// Reservation is Allocator when empty.
	Reservation Reservation
	// PageSize is for Direct only. Empty chooses 1Gi if it divides the enclave's
	// memory, else 2Mi.
	PageSize PageSize
}

// The names of the component's inputs, for faults.
const (
	propertyType        = "instanceType"
	propertyCPUs        = "enclaveCpus"
	propertyMemory      = "enclaveMemoryMib"
	propertyImage       = "imageSizeMib"
	propertyEnclaves    = "enclavesPerNode"
	propertyReservation = "reservation"
	propertyPageSize    = "pageSize"
)

// value returns what a fault of the property shows.
func (r Request) value(property string) any {
	return map[string]any{
		propertyType:        r.Shape.InstanceType,
		propertyCPUs:        r.Enclave.CPUs,
		propertyMemory:      r.Enclave.MemoryMiB,
		propertyImage:       r.Enclave.ImageMiB,
		propertyEnclaves:    r.EnclavesPerNode,
		propertyReservation: string(r.Reservation),
		propertyPageSize:    string(r.PageSize),
	}[property]
}

// withDefaults resolves the zero values that mean "choose".
func (r Request) withDefaults() Request {
	if r.Reservation == "" {
		r.Reservation = Allocator
	}
	return r
}

// pageSize returns the page size of a Direct reservation.
func (r Request) pageSize() PageSize {
	switch {
	case r.PageSize != "":
		return r.PageSize
	case r.Enclave.MemoryMiB%Page1Gi.MiB() == 0:
		return Page1Gi
	}
	return Page2Mi
}

// pages returns the pages that the node reserves and those of one enclave.
func (r Request) pages() (node, enclave []Pages) {
	mib := r.Enclave.MemoryMiB
	if r.Reservation == Direct {
		size := r.pageSize()
		one := mib / size.MiB()
		return []Pages{{size, one * r.EnclavesPerNode}}, []Pages{{size, one}}
	}
	a := r.Shape.Architecture
	return Split(a, mib*r.EnclavesPerNode), Split(a, mib)
}

func knownReservation(r Request) string {
	if r.Reservation != Allocator && r.Reservation != Direct {
		return fmt.Sprintf("must be %q or %q", Allocator, Direct)
	}
	return ""
}

func knownPageSize(r Request) string {
	switch {
	case r.PageSize == "":
		return ""
	case r.Reservation == Allocator:
		return "cannot be chosen with AWS's allocator, which splits the total itself"
	case !slices.Contains(r.Shape.Architecture.PageSizes(), r.PageSize):
		return fmt.Sprintf("is not a hugepage size of enclaves on %s", r.Shape.Architecture)
	}
	return ""
}

func pageSizeDivides(r Request) string {
	if r.Reservation == Direct && r.Enclave.MemoryMiB%r.pageSize().MiB() != 0 {
		return fmt.Sprintf("must divide the enclave's %d MiB", r.Enclave.MemoryMiB)
	}
	return ""
}

func slotRange(r Request) string {
	if r.EnclavesPerNode < 1 || r.EnclavesPerNode > contract.MaxEnclavesPerNode {
		return fmt.Sprintf("must be 1 to %d, EC2's limit of enclaves on an instance", contract.MaxEnclavesPerNode)
	}
	return ""
}
