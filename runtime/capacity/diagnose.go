package capacity

import (
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Finding is a fault of a request and what can be done about it.
type Finding struct {
	Fault fault.Fault
	// Remedies each make the fault go away by themselves, and make the request
	// acceptable when the first remedy of every other finding is applied too. None
	// is named when nothing in the catalogue would help, nor for numbers of an
	// instance shape, which are facts and not wishes.
	Remedies []Remedy
}

// trace is a broken rule while the rest of the request is still being examined.
type trace struct {
	rule    int // its index in rules
	broken  string
	before  Request // when the rule broke
	again   bool    // the property has a fault already, and before has its way out
	options []Remedy
	repair  Remedy // with which the examination went on; none if Property is empty
}

func (t trace) property() string { return rules[t.rule].property }

// Diagnose returns everything that is wrong with a request, in the order in which
// it should be mended. It returns nothing exactly when New accepts the request.
//
// It examines rule after rule and mends each that is broken before it goes on, so
// that a later rule is never judged by an unusable number. A property is reported
// once, but for a second time where its first way out asks for a change of
// something else. A wrong shape is reported with the values that are wrong on any
// shape.
func Diagnose(r Request) []Finding {
	r = r.withDefaults()
	all := shapeFindings(r)
	fits := len(all) == 0
	work := r
	if !fits {
		work.Shape = roomy(r.Shape.Architecture)
	}
	traces, mended := examine(work, fits)
	for i := range all {
		if all[i].Fault.Property == propertyType {
			all[i].suggestTypes(r, mended)
		}
	}
	settle(traces, mended)
	for i := range traces {
		all = append(all, finding(traces, i, work, fits, firstBroken(mended, fits)))
	}
	return all
}

func shapeFindings(r Request) []Finding {
	var list fault.List
	list.Join(propertyType, r.Shape.Validate())
	var all []Finding
	for _, f := range list {
		all = append(all, Finding{Fault: f})
	}
	return all
}

// mostTypes is how many types a fault names: enough for a choice, and still short.
const mostTypes = 3

// suggestTypes names types that hold the request when all else is mended: those of
// which the name may be a misspelling, else the nearest ones, one of a family.
func (f *Finding) suggestTypes(r, mended Request) {
	for _, shapes := range [][]Shape{misspelt(r.Shape), replacements(r.Shape)} {
		if f.Remedies = usableTypes(shapes, mended); len(f.Remedies) > 0 {
			f.Fault.WayOut = wayOut(propertyType, f.Remedies)
			return
		}
	}
}

func usableTypes(shapes []Shape, mended Request) []Remedy {
	var all []Remedy
	families := map[string]bool{}
	for _, s := range shapes {
		m := Remedy{Property: propertyType, Value: s.InstanceType}
		family, _, _ := strings.Cut(s.InstanceType, ".")
		if families[family] || !accepted(m.Apply(mended)) {
			continue
		}
		families[family] = true
		if all = append(all, m); len(all) == mostTypes {
			break
		}
	}
	return all
}

// roomy stands in for a shape that is wrong, while the other values are examined.
func roomy(a Architecture) Shape {
	if a != X8664 {
		a = ARM64 // has every page size
	}
	return Shape{Architecture: a, VCPUs: maxVCPUs, ThreadsPerCore: 2, NUMANodes: 1, MemoryMiB: maxMemoryMiB}
}

// examine returns the broken rules and the request with all of them mended, as far
// as they could be. A rule is left out where the property has a fault already and
// mending it only changes what some fault names anyway.
func examine(cur Request, fits bool) ([]trace, Request) {
	var traces []trace
	seen, changed := map[string]bool{}, map[string]bool{}
	for i := firstBroken(cur, fits); i < len(rules); i = firstBroken(cur, fits) {
		t := trace{rule: i, broken: rules[i].broken(cur), before: cur, again: seen[rules[i].property]}
		for _, option := range rules[i].options {
			t.options = append(t.options, option(cur)...)
		}
		next, repair := mend(cur, t.options, fits)
		stuck := firstBroken(next, fits) <= i
		if !stuck {
			t.repair = repair
		}
		if !t.again || !changed[t.repair.Property] {
			traces = append(traces, t)
			seen[t.property()], changed[t.repair.Property] = true, true
		}
		if stuck {
			break
		}
		cur = next
	}
	return traces, cur
}

// mend applies the option that comes furthest through the rules, the first of
// several equals.
func mend(cur Request, options []Remedy, fits bool) (Request, Remedy) {
	best, repair, furthest := cur, Remedy{}, -1
	for _, option := range options {
		if !option.usable(fits) {
			continue
		}
		next := option.Apply(cur)
		if got := firstBroken(next, fits); got > furthest {
			best, repair, furthest = next, option, got
		}
		if furthest == len(rules) {
			break
		}
	}
	return best, repair
}

// settle gives every repair the value that its property ended with, so that all
// repairs together make the mended request.
func settle(traces []trace, mended Request) {
	for i := range traces {
		m := &traces[i].repair
		if m.Property != "" {
			m.Value = mended.value(m.Property)
		}
	}
}

// finding turns a trace into what is reported: its repair, and the options on other
// properties that work as well when all the other repairs are made.
func finding(traces []trace, i int, r Request, fits bool, far int) Finding {
	t := traces[i]
	f := Finding{Fault: fault.Fault{Property: t.property(), Value: r.value(t.property()), Rule: t.broken}}
	if t.again {
		f.Fault.Value = t.before.value(t.property())
	}
	done := map[string]bool{}
	for _, m := range append([]Remedy{t.repair}, t.options...) {
		if done[m.Property] || !m.usable(fits) {
			continue
		}
		if firstBroken(repaired(r, traces, i, m), fits) >= max(far, t.rule+1) {
			f.Remedies = append(f.Remedies, m)
			done[m.Property] = true
		}
	}
	f.Fault.WayOut = wayOut(f.Fault.Property, f.Remedies)
	if last := len(t.options) - 1; len(f.Remedies) == 0 && t.options[last].Value == nil {
		f.Fault.WayOut = wayOut(f.Fault.Property, t.options[last:])
	}
	return f
}

// repaired makes all repairs but the i-th, and m in its place.
func repaired(r Request, traces []trace, i int, m Remedy) Request {
	for j, t := range traces {
		if j == i {
			r = m.Apply(r)
		} else {
			r = t.repair.Apply(r)
		}
	}
	return r
}
