package capacity

import (
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// rule is one condition of a request.
type rule struct {
	property string
	// fits marks rules that weigh the request against the shape. They say nothing
	// useful when the shape itself is wrong.
	fits bool
	// broken returns what the value breaks, or nothing. It may rely on all the
	// rules before it.
	broken func(Request) string
	// options returns what might be changed instead, best first. They are tried
	// before any is named.
	options []func(Request) []Remedy
}

// rules are all conditions but those of the shape. Every product in them is small,
// because the factors were bounded by the rules before.
var rules = []rule{
	{propertyReservation, false, knownReservation, options(reservationOptions)},
	{propertyPageSize, false, knownPageSize, options(pageSizeOptions, directOption)},
	{propertyImage, false, imageSize, options(imageOptions)},
	{propertyEnclaves, false, slotRange, options(slotOptions)},
	{propertyCPUs, false, positiveCPUs, options(cpuOptions)},
	{propertyCPUs, true, wholeCores, options(cpuOptions, biggerCPUs)},
	{propertyCPUs, true, oneEnclaveInPool, options(cpuOptions, biggerCPUs)},
	{propertyEnclaves, true, allEnclavesInPool, options(slotOptions, cpuOptions, biggerCPUs)},
	{propertyMemory, false, memoryValue, options(memoryOptions, biggerMemory)},
	{propertyPageSize, false, pageSizeDivides, options(pageSizeOptions, memoryOptions)},
	{propertyMemory, true, oneEnclaveInMemory, options(memoryOptions, biggerMemory)},
	{propertyEnclaves, true, allEnclavesInMemory, options(slotOptions, memoryOptions, biggerMemory)},
	{propertyMemory, true, pagesDivide, options(memoryOptions, slotOptions, directOption)},
}

func options(f ...func(Request) []Remedy) []func(Request) []Remedy { return f }

// firstBroken returns the index of the first rule that the request breaks, or
// len(rules). Without fits, rules that need a shape are passed over.
func firstBroken(r Request, fits bool) int {
	for i, rule := range rules {
		if (fits || !rule.fits) && rule.broken(r) != "" {
			return i
		}
	}
	return len(rules)
}

// accepted tells whether New would accept the request.
func accepted(r Request) bool {
	return r.Shape.Validate() == nil && firstBroken(r.withDefaults(), true) == len(rules)
}

func reservationOptions(Request) []Remedy {
	return []Remedy{{Property: propertyReservation, Value: string(Allocator)}, {Property: propertyReservation, Value: string(Direct)}}
}

func directOption(r Request) []Remedy {
	if r.Reservation == Direct {
		return nil
	}
	return []Remedy{{Property: propertyReservation, Value: string(Direct)}}
}

func pageSizeOptions(r Request) []Remedy {
	if r.Reservation == Allocator {
		return []Remedy{{Property: propertyPageSize, Value: ""}}
	}
	var all []Remedy
	for _, size := range r.Shape.Architecture.PageSizes() {
		all = append(all, Remedy{Property: propertyPageSize, Value: string(size)})
	}
	return all
}

func imageOptions(Request) []Remedy {
	return remedies(propertyImage, []int{0})
}

func slotOptions(r Request) []Remedy {
	var values []int
	for n := 1; n <= contract.MaxEnclavesPerNode && n < max(r.EnclavesPerNode, 2); n++ {
		values = append(values, n)
	}
	slices.Reverse(values)
	return remedies(propertyEnclaves, values)
}

// shapeOptions suggests other instance types that are large enough; need says for
// what. The last option names no type: it is what to say when none is known.
func shapeOptions(r Request, need string, enough func(Shape) bool) []Remedy {
	var all []Remedy
	for s := range alternatives(r.Shape) {
		if enough(s) {
			all = append(all, Remedy{propertyType, s.InstanceType, need})
		}
	}
	return append(all, Remedy{Property: propertyType, need: need})
}
