package main

import (
	"context"
	"fmt"
	"os"
	"slices"
)

// spare are the descriptors that a process has besides those of connections.
const spare = 64

// compare measures all subjects on one transport and prints a table.
func compare(ctx context.Context, o options) error {
	fmt.Printf("\ntcp to %s, as multiples of a bare connection (memory of the processes between in KiB)\n", o.back)
	fmt.Printf("%11s  %-7s %10s %8s %8s %11s %16s\n",
		"connections", "", "requests/s", "p50", "p99", "throughput", "idle connection")
	for _, n := range []int{1, 100, 1000, 10_000} {
		if n > o.most {
			continue
		}
		// The bridge has two for each connection.
		if can := (descriptors() - spare) / 2; n > can {
			fmt.Printf("%11d  is more than the limit of descriptors allows; %d instead\n", n, can)
			n = can
		}
		if err := compareWith(ctx, o, n); err != nil {
			return err
		}
	}
	return nil
}

// compareWith starts all processes anew: what they kept of other numbers of connections
// would count as memory.
func compareWith(ctx context.Context, o options, n int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	folder, err := os.MkdirTemp(o.folder, "n")
	if err != nil {
		return err
	}
	o.folder = folder
	all, err := subjects(ctx, o)
	if err != nil {
		return err
	}
	rounds := make([][]figures, len(all))
	failed := make([]error, len(all))
	for range o.rounds {
		for i, s := range all {
			if n > s.most || failed[i] != nil {
				continue
			}
			f, err := measure(ctx, o, s, n)
			all[0].settle()
			s.settle()
			if failed[i] = err; err == nil {
				rounds[i] = append(rounds[i], f)
			}
		}
	}
	for i, s := range all {
		switch {
		case failed[i] != nil && s.name != "socat":
			return fmt.Errorf("%s with %d connections: %w", s.name, n, failed[i])
		case failed[i] != nil:
			fmt.Printf("%11d  %-7s failed: %v\n", n, s.name, failed[i])
		case n > s.most:
			fmt.Printf("%11d  %-7s left out: it would be %d processes\n", n, s.name, n)
		case i > 0:
			fmt.Printf("%11d  %-7s %s\n", n, s.name, row(rounds[0], rounds[i]))
		}
	}
	return nil
}

// row formats the medians of the rounds' ratios to the bare connection. Memory is that
// of the first round: later ones reuse it.
func row(bare, with []figures) string {
	ratio := func(of func(figures) float64) float64 {
		return median(len(with), func(i int) float64 { return of(with[i]) / of(bare[i]) })
	}
	return fmt.Sprintf("%10.2f %8.2f %8.2f %11.2f %16.1f",
		ratio(func(f figures) float64 { return f.requests }),
		ratio(func(f figures) float64 { return f.p50 }),
		ratio(func(f figures) float64 { return f.p99 }),
		ratio(func(f figures) float64 { return f.throughput }),
		with[0].memory/1024)
}

func median(n int, of func(int) float64) float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = of(i)
	}
	slices.Sort(values)
	return values[n/2]
}
