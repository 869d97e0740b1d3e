package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// compare measures all subjects and prints a table. The first of them is what the others
// are compared with.
func compare(ctx context.Context, o options, subjects []subject, out io.Writer) error {
	all, err := works()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%-16s %7s  %-7s %10s %10s   as multiples of %q: %10s %8s\n", "", "clients", "", "per second", "p99 in ms", subjects[0].name, "per second", "p99")
	for _, w := range all {
		for _, n := range []int{1, 8, 64} {
			if n > o.most {
				continue
			}
			rounds := make([][]figures, len(subjects))
			for range o.rounds {
				for i, s := range subjects {
					f, err := measure(ctx, s, w, n, o.duration)
					if err != nil {
						return fmt.Errorf("%s, %s with %d clients: %w", s.name, w.name, n, err)
					}
					rounds[i] = append(rounds[i], f)
				}
			}
			for i, s := range subjects {
				fmt.Fprintf(out, "%-16s %7d  %-7s %s\n", w.name, n, s.name, row(rounds[0], rounds[i]))
			}
		}
	}
	return nil
}

// row formats the medians of the rounds, and those of their ratios to another subject's.
func row(base, with []figures) string {
	rate := func(f figures) float64 { return f.requests }
	p99 := func(f figures) float64 { return f.p99 }
	absolute := func(of func(figures) float64) float64 {
		return median(len(with), func(i int) float64 { return of(with[i]) })
	}
	ratio := func(of func(figures) float64) float64 {
		return median(len(with), func(i int) float64 { return of(with[i]) / of(base[i]) })
	}
	return fmt.Sprintf("%10.0f %10.2f %41.3f %8.1f", absolute(rate), absolute(p99)*1000, ratio(rate), ratio(p99))
}

func median(n int, of func(int) float64) float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = of(i)
	}
	slices.Sort(values)
	return values[n/2]
}
