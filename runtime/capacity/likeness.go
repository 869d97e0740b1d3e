package capacity

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"
)

// wish is what is known of an instance type for which others are sought.
type wish struct {
	family       string
	architecture Architecture
	mibPerVCPU   float64
}

func wanted(s Shape) wish {
	name, _, _ := strings.Cut(s.InstanceType, ".")
	w := wish{family: name, architecture: s.Architecture, mibPerVCPU: customary(name)}
	f, listed := findFamily(name)
	switch {
	case listed:
		w.architecture, w.mibPerVCPU = f.architecture, f.mibPerVCPU()
	case s.VCPUs > 0 && s.MemoryMiB > 0:
		w.mibPerVCPU = float64(s.MemoryMiB) / float64(s.VCPUs)
	}
	if w.architecture == "" {
		w.architecture = architectureOf(name)
	}
	return w
}

// customary is the memory per vCPU that EC2's general families have, by the letter
// that their names begin with.
func customary(family string) float64 {
	switch {
	case strings.HasPrefix(family, "c"):
		return 2048
	case strings.HasPrefix(family, "r"):
		return 8192
	case strings.HasPrefix(family, "x"):
		return 16384
	}
	return 4096
}

// mibPerVCPU is that of the largest size; nearly all families have one for all.
func (f family) mibPerVCPU() float64 {
	largest := f.sizes[len(f.sizes)-1]
	return float64(largest.memoryMiB) / float64(largest.vcpus)
}

// likeness is how far a family is from a wish: the fields count in their order.
type likeness struct {
	other      int     // 0 for the family itself
	memory     float64 // the larger memory per vCPU by the smaller
	generation int     // between the two
	extra      int     // its letters that the wish does not have
	missing    int     // and the reverse
	family     family
}

func (w wish) likeness(f family) likeness {
	l := likeness{other: 1, family: f}
	if f.name == w.family {
		l.other = 0
	}
	memory := f.mibPerVCPU()
	l.memory = max(memory, w.mibPerVCPU) / min(memory, w.mibPerVCPU)
	own, ownLetters := generation(w.family)
	theirs, letters := generation(f.name)
	l.generation = max(own, theirs) - min(own, theirs)
	l.extra, l.missing = without(letters, ownLetters), without(ownLetters, letters)
	return l
}

func (l likeness) compare(to likeness) int {
	return cmp.Or(
		cmp.Compare(l.other, to.other),
		cmp.Compare(l.memory, to.memory),
		cmp.Compare(l.generation, to.generation),
		cmp.Compare(l.extra, to.extra),
		cmp.Compare(l.missing, to.missing),
		cmp.Compare(l.family.name, to.family.name),
	)
}

// generation splits a family's name: the number in it, or 0, and the letters behind,
// which stand for the processor, for disks, for more network and so on.
func generation(family string) (number int, letters string) {
	digits := strings.TrimLeftFunc(family, func(r rune) bool { return !unicode.IsDigit(r) })
	letters = strings.TrimLeftFunc(digits, unicode.IsDigit)
	number, err := strconv.Atoi(strings.TrimSuffix(digits, letters))
	if err != nil {
		return 0, ""
	}
	return number, letters
}

// without counts the letters of one name that are not in the other.
func without(letters, other string) int {
	n := 0
	for _, r := range letters {
		if !strings.ContainsRune(other, r) {
			n++
		}
	}
	return n
}
