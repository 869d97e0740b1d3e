package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// checkFilter refuses flags of --all that cannot select anything.
func (f planFlags) checkFilter() error {
	filtered := len(f.families) > 0 || f.architecture != ""
	switch {
	case filtered && !f.all:
		return errors.New("--family and --architecture select among all instance types: use them with --all")
	case !slices.Contains([]string{"", string(capacity.X8664), string(capacity.ARM64)}, f.architecture):
		return fmt.Errorf("--architecture %q: use %s or %s", f.architecture, capacity.X8664, capacity.ARM64)
	case f.limit < 0:
		return fmt.Errorf("--limit %d: use 0 for all rows, or more", f.limit)
	}
	for _, family := range f.families {
		if !slices.ContainsFunc(capacity.Catalogue(), func(s capacity.Shape) bool { return familyOf(s) == family }) {
			return fmt.Errorf("--family %q: no type of it has enclaves by %s; use the part before the dot of an instance type", family, capacity.TableSource)
		}
	}
	return nil
}

func familyOf(s capacity.Shape) string {
	family, _, _ := strings.Cut(s.InstanceType, ".")
	return family
}

// selects tells whether a shape is to be compared.
func (f planFlags) selects(s capacity.Shape) bool {
	return (len(f.families) == 0 || slices.Contains(f.families, familyOf(s))) &&
		(f.architecture == "" || f.architecture == string(s.Architecture))
}

// compare reports on every selected type that the request fits on.
func (f planFlags) compare() ([]report, error) {
	var fit []report
	var last error
	for _, shape := range capacity.Catalogue() {
		if !f.selects(shape) {
			continue
		}
		one, err := f.report(shape)
		if err != nil {
			last = err
			continue
		}
		fit = append(fit, one)
	}
	switch {
	case len(fit) > 0:
		sortReports(fit)
		return fit, nil
	case last == nil:
		return nil, fmt.Errorf("--family %s has no instance type for --architecture %s", strings.Join(f.families, ","), f.architecture)
	}
	return nil, errors.Join(errors.New("no known instance type runs this enclave; the last one says"), last)
}
