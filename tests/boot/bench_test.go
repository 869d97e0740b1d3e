//go:build bench

package boot

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	localkernel "github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/kernel"
)

var benchRounds = flag.Int("bench-boot", 7, "rounds of TestBenchBoot; see make bench-boot")

// subject is one way to start one payload.
type subject struct {
	name  string
	image string
	size  int64
	cpus  int
	// answers and serves are, by round, the times from power-on to the guest's first
	// answer and to the payload's.
	answers, serves []time.Duration
}

// TestBenchBoot is a measurement, and no test of `make test`: hence the build tag. It starts
// one payload with one init by several kernels, each once a round, so that what else the
// machine does hits all. What counts are the ratios.
func TestBenchBoot(t *testing.T) {
	m := newMachine(t)
	stock, err := localkernel.BuildStock(t.Context(), os.Stderr)
	need(t, err)
	ours := m.enclaveImage(t)
	plain := m.enclaveImage(t, func(r *imagebuild.Request) { r.CompressInit = imagebuild.CompressNone })
	debians := stockImage(t, stock, ours.path, releasedInit(t))
	subjects := []*subject{
		{name: "ours", image: ours.path, cpus: 1}, {name: "ours, init not compressed", image: plain.path, cpus: 1},
		{name: "ours, 2 CPUs", image: ours.path, cpus: 2}, {name: "Debian's for clouds", image: debians, cpus: 1},
	}
	for round := range *benchRounds {
		for _, s := range subjects {
			m.measureBoot(t, s)
		}
		t.Logf("round %d of %d", round+1, *benchRounds)
	}
	t.Logf("from power-on, emulated; medians of %d rounds, and ratios to ours:\n%s", *benchRounds, bootTable(subjects))
}

// stockImage is an image's payload with Debian's kernel, its modules and the same init.
func stockImage(t *testing.T, stock localkernel.Stock, from, init string) string {
	t.Helper()
	im, err := eif.OpenFile(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = im.Close() }()
	tree := initramfs.NewTree()
	add := func(path string, content blob.Content) {
		t.Helper()
		if err := tree.File(path, initramfs.Attributes{Mode: 0o755}, content); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"dev", "proc", "modules"} {
		if err := tree.Directory(folder, initramfs.Attributes{Mode: 0o755}); err != nil {
			t.Fatal(err)
		}
	}
	add("init", file(t, stock.Loader))
	add("enclave-init", file(t, init))
	var list strings.Builder
	for _, module := range stock.Modules {
		list.WriteString(filepath.Base(module) + "\n")
		add("modules/"+filepath.Base(module), file(t, module))
	}
	add("modules/list", blob.Bytes([]byte(list.String())))
	first, err := tree.Archive()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "stock.eif")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	_, err = eif.Build(t.Context(), out, eif.Spec{
		Architecture: eif.X8664, Kernel: file(t, stock.Image), Cmdline: kernel.CommandLine, Ramdisks: []eif.Content{first, im.Ramdisks()[1]},
		Metadata: eif.Metadata{ImageName: "stock", BuildMetadata: eif.BuildMetadata{BuildTime: eif.FormatTime(time.Unix(0, 0))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// measureBoot starts the image once, and ends it when its payload has answered.
func (m *machine) measureBoot(t *testing.T, s *subject) {
	t.Helper()
	info, err := os.Stat(s.image)
	if err != nil {
		t.Fatal(err)
	}
	s.size = info.Size()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	asked := request(s.image)
	asked.CPUs = s.cpus
	began := time.Now()
	enclave, err := m.launcher().Launch(ctx, asked)
	if err != nil {
		t.Fatal(err)
	}
	defer terminate(ctx, t, enclave)
	// A call that comes before the guest's driver is up may never have an answer.
	awaitLine(ctx, t, enclave, contract.GuestWaiting)
	r := &guestRun{started: &started{Enclave: enclave}, ctx: ctx}
	client := r.clientWith(t, token)
	defer client.Close()
	poll(ctx, t, s.name, func(ctx context.Context) error { _, err := client.Status(ctx); return err })
	s.answers = append(s.answers, time.Since(began))
	if err := client.Bootstrap(ctx, control.Bootstrap{Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	poll(ctx, t, s.name, func(ctx context.Context) error { return r.ask(ctx, contract.PortAPI) })
	s.serves = append(s.serves, time.Since(began))
}

// awaitLine reads the console up to a line that has the text.
func awaitLine(ctx context.Context, t *testing.T, enclave launch.Enclave, text string) {
	t.Helper()
	console, err := enclave.Console(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = console.Close() }()
	var seen strings.Builder
	for lines := bufio.NewScanner(console); lines.Scan(); {
		seen.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	t.Fatalf("the console has no %q: %v\n%s", text, context.Cause(ctx), seen.String())
}

// ask sends one request to the payload.
func (r *guestRun) ask(ctx context.Context, port uint32) error {
	conn, err := r.Link().Dial(ctx, port)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := conn.Write([]byte("GET /upcheck HTTP/1.0\r\n\r\n")); err != nil {
		return err
	}
	answer := make([]byte, 256)
	n, err := conn.Read(answer)
	if !bytes.Contains(answer[:n], []byte(" 200 ")) {
		return fmt.Errorf("answered %q: %w", answer[:n], err)
	}
	return nil
}

// poll tries every 5 ms, which is little against what is measured.
func poll(ctx context.Context, t *testing.T, name string, try func(context.Context) error) {
	t.Helper()
	for {
		once, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := try(once)
		cancel()
		if err == nil {
			return
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func bootTable(subjects []*subject) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "kernel\timage\tguest answers\tratio\tpayload serves\tratio\tfastest to slowest")
	for _, s := range subjects {
		fmt.Fprintf(w, "%s\t%.1f MB\t%.2f s\t%.2f\t%.2f s\t%.2f\t%.2f to %.2f s\n", s.name, float64(s.size)/1e6,
			median(s.answers).Seconds(), ratio(s.answers, subjects[0].answers), median(s.serves).Seconds(), ratio(s.serves, subjects[0].serves),
			slices.Min(s.serves).Seconds(), slices.Max(s.serves).Seconds())
	}
	_ = w.Flush()
	return b.String()
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func ratio(a, b []time.Duration) float64 { return median(a).Seconds() / median(b).Seconds() }
