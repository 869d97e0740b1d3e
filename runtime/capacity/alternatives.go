package capacity

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// alternatives yields the types to suggest in place of a shape, best first: the same
// family in ascending size, then the others in the order of nearFamilies.
func alternatives(s Shape) iter.Seq[Shape] {
	return func(yield func(Shape) bool) {
		for _, f := range nearFamilies(s) {
			for _, size := range f.sizes {
				if !size.enclaves || s.InstanceType == f.name+"."+size.name {
					continue
				}
				if !yield(f.shape(size)) {
					return
				}
			}
		}
	}
}

// replacements are the alternatives to a type that is refused: of each family the
// size with as many vCPUs, else the next larger ones, else the next smaller ones.
func replacements(s Shape) []Shape {
	wanted := s.VCPUs
	if wanted == 0 {
		wanted = nominalVCPUs(s.InstanceType)
	}
	var all []Shape
	for _, f := range nearFamilies(s) {
		shapes := f.shapes()
		slices.SortStableFunc(shapes, func(a, b Shape) int { return cmp.Compare(a.detour(wanted), b.detour(wanted)) })
		all = append(all, shapes...)
	}
	return slices.DeleteFunc(all, func(a Shape) bool { return a.InstanceType == s.InstanceType })
}

// nominalVCPUs is how many vCPUs a type has by the table, else by the name of its
// size, or 0. Bare metal is at least as large as the largest size.
func nominalVCPUs(instanceType string) int {
	if _, size, listed := find(instanceType); listed {
		return size.vcpus
	}
	_, size, _ := strings.Cut(instanceType, ".")
	times, ok := strings.CutSuffix(size, "xlarge")
	switch n, err := strconv.Atoi(times); {
	case size == "xlarge":
		return 4
	case ok && err == nil:
		return 4 * n
	case strings.HasPrefix(size, "metal"):
		return maxVCPUs
	}
	return 0
}

// detour orders sizes from the wanted one upwards, and then downwards.
func (s Shape) detour(wanted int) int {
	if s.VCPUs < wanted {
		return maxVCPUs + wanted - s.VCPUs
	}
	return s.VCPUs - wanted
}

// suggestion is the first type to name where there is no request to hold it to.
func suggestion(s Shape) string {
	return slices.Concat(misspelt(s), replacements(s))[0].InstanceType
}

// nearFamilies returns the shape's own family and then the others of its
// architecture, the most alike first. Of the others only m, c, r and x are for
// general use: disks of their own are no use to a signer.
func nearFamilies(s Shape) []family {
	w := wanted(s)
	var ranked []likeness
	for _, f := range table {
		if f.name == w.family || f.architecture == w.architecture && strings.IndexByte("mcrx", f.name[0]) >= 0 {
			ranked = append(ranked, w.likeness(f))
		}
	}
	slices.SortFunc(ranked, likeness.compare)
	all := make([]family, 0, len(ranked))
	for _, l := range ranked {
		all = append(all, l.family)
	}
	return all
}
