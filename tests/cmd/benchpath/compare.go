package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// compare measures all subjects and prints a table. Each is compared with the first of them,
// and with the one before it, which is the same way with less between.
func compare(ctx context.Context, o options, subjects []subject, out io.Writer) error {
	all, err := works()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%-34s %24s %24s\n", "", "as multiples of "+subjects[0].name, "of the line above")
	fmt.Fprintf(out, "%-16s %7s  %-7s %12s %11s %12s %11s %11s %8s\n", "", "clients", "", "per second", "p99", "per second", "p99", "per second", "p99 in ms")
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
				fmt.Fprintf(out, "%-16s %7d  %-7s %s\n", w.name, n, s.name, row(rounds[0], rounds[max(0, i-1)], rounds[i]))
			}
		}
	}
	return nil
}

// row formats the medians of the ratios to two other subjects' figures, round by round, and
// the medians themselves, for scale.
func row(first, before, with []figures) string {
	rate := func(f figures) float64 { return f.requests }
	p99 := func(f figures) float64 { return f.p99 }
	ratio := func(of func(figures) float64, base []figures) float64 {
		return median(len(with), func(i int) float64 { return of(with[i]) / of(base[i]) })
	}
	absolute := func(of func(figures) float64) float64 {
		return median(len(with), func(i int) float64 { return of(with[i]) })
	}
	return fmt.Sprintf("%12.3f %11.1f %12.2f %11.2f %11.0f %8.1f",
		ratio(rate, first), ratio(p99, first), ratio(rate, before), ratio(p99, before), absolute(rate), absolute(p99)*1000)
}

func median(n int, of func(int) float64) float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = of(i)
	}
	slices.Sort(values)
	return values[n/2]
}
