package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// sizes of the application's ramdisk.
var sizes = []int64{20 << 20, 200 << 20, 1 << 30}

// rounds of each step; the fastest counts, because what else runs only adds time.
const rounds = 3

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peakMiB   int64
}

func bench(ctx context.Context, dir, reference string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("%-9s %-34s %9s %9s %9s %8s %8s\n", "ramdisk", "step", "wall s", "cpu s", "peak MiB", "x wall", "x cpu")
	for _, size := range sizes {
		in := input{dir}
		if err := in.write(size); err != nil {
			return err
		}
		if err := benchSize(ctx, in, size, self, reference); err != nil {
			return err
		}
	}
	if reference == "" {
		fmt.Println("AWS's writer was not measured: it is not built (see `make eif-reference`)")
	}
	fmt.Println("x: times the first line's, one SHA-384 and one CRC-32 over the same bytes; PCR0 and PCR2 need two.")
	return nil
}

func benchSize(ctx context.Context, in input, size int64, self, reference string) error {
	table := []struct {
		name    string
		command []string
	}{
		{"SHA-384 and CRC-32, the lower bound", []string{self, "hash", in.dir}},
		{"runtime/eif Build", []string{self, "build", in.dir}},
		{"runtime/eif Measure", []string{self, "measure", in.dir}},
	}
	if reference != "" {
		table = append(table, []struct {
			name    string
			command []string
		}{
			{"AWS's writer, build", in.reference(reference, in.path("aws.eif"), "x86_64", false)},
			{"AWS's reader, describe", []string{reference, "check", in.path("aws.eif")}},
		}...)
	}
	var bound usage
	for i, step := range table {
		u, err := best(ctx, step.command)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if i == 0 {
			bound = u
		}
		fmt.Printf("%-9s %-34s %9.3f %9.3f %9d %8.2f %8.2f\n", fmt.Sprintf("%d MiB", size>>20), step.name, u.wall.Seconds(), u.cpu.Seconds(), u.peakMiB,
			u.wall.Seconds()/bound.wall.Seconds(), u.cpu.Seconds()/bound.cpu.Seconds())
	}
	if reference == "" {
		return nil
	}
	return sameFile(in.path("ours.eif"), in.path("aws.eif"))
}

// reference is the command that makes the image with AWS's writer.
func (in input) reference(program, out, architecture string, signed bool) []string {
	certificate, key := "-", "-"
	if signed {
		certificate, key = in.path("cert.pem"), in.path("key.pem")
	}
	return []string{program, "build", in.path("kernel"), cmdline, in.path("metadata.json"), out, certificate, key, architecture, in.path("ramdisk0"), in.path("ramdisk1")}
}

func best(ctx context.Context, command []string) (usage, error) {
	var least usage
	for i := range rounds {
		u, _, err := run1(ctx, command)
		if err != nil {
			return usage{}, err
		}
		if i == 0 || u.wall < least.wall {
			least = u
		}
	}
	return least, nil
}

// run1 runs a command and returns its output.
func run1(ctx context.Context, command []string) (usage, []byte, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return usage{}, nil, fmt.Errorf("%w\n%s", err, errs.Bytes())
	}
	u := usage{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peakMiB = r.Maxrss >> 10
	}
	return u, out.Bytes(), nil
}
