package eif

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// TestMeasurementsAreKnown compares with values computed by another SHA-384 (Python's
// hashlib) from the definition in doc.go. The PCR2 of an image with one ramdisk is
// that of nothing, which every such image of nitro-cli has too.
func TestMeasurementsAreKnown(t *testing.T) {
	_, m := build(t, sampleSpec())
	want := []string{
		"bd92131c2ea15e78204789d30815e4ee7ec84140bcf5845c9c129f38ba522df0bd0038c24ef68ac881e59428e598990f",
		"2d040ce8b84a4bc917b8bbf19b015140dee86737315d0938927fc7413de1c037602597c4396d407621a1733f957a0aea",
		"30649eea49e95ea1b4861deee6bba85f80150ed4e5885e384c54d2a8c17c253c2be27ae43a5f5868f87bd9eaed337477",
	}
	if diff := cmp.Diff(want, []string{m.PCR0.String(), m.PCR1.String(), m.PCR2.String()}); diff != "" {
		t.Error(diff)
	}
	if m.PCR8 != nil {
		t.Error("an unsigned image has a PCR8")
	}
	s := sampleSpec()
	s.Ramdisks = s.Ramdisks[:1]
	_, m = build(t, s)
	const nothing = "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a"
	if m.PCR2.String() != nothing || m.PCR0 != m.PCR1 {
		t.Errorf("one ramdisk: PCR0 %s, PCR1 %s, PCR2 %s", m.PCR0, m.PCR1, m.PCR2)
	}
}

func TestBuildBytes(t *testing.T) {
	for flags, a := range map[uint16]Architecture{0: X8664, 1: ARM64} {
		s := sampleSpec()
		s.Architecture = a
		got, _ := build(t, s)
		if diff := cmp.Diff(rawImage(4, flags, sampleSections()...), got); diff != "" {
			t.Errorf("%s: %s", a, diff)
		}
	}
}

func TestBuildThenVerify(t *testing.T) {
	for _, curve := range []elliptic.Curve{nil, elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		s := sampleSpec()
		if curve != nil {
			s.Signer = testSigner(t, curve, 7)
		}
		b, built := build(t, s)
		if again, _ := build(t, s); !bytes.Equal(b, again) {
			t.Error("the same specification gave other bytes")
		}
		im := open(t, b)
		measured, err := im.Measure(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(built, measured); diff != "" {
			t.Errorf("Build and Measure disagree: %s", diff)
		}
		if err := im.Verify(t.Context(), VerifyOptions{Expected: Expect(built), RequireSignature: curve != nil, Time: now}); err != nil {
			t.Error(err)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	s := Spec{Architecture: "sparc", Cmdline: "quiet\n", Metadata: Metadata{ImageName: "\xff", DockerInfo: []byte("{"), CustomMetadata: []byte("1 2")}}
	_, err := Build(t.Context(), &buffer{}, s)
	want := `8 invalid arguments:
  - architecture ("sparc"): is none that enclaves run on; use "x86_64" or "arm64"
  - kernel: is required
  - cmdline ("byte 5: \"\\n\""): must be printable ASCII on one line: every byte of it is measured; remove the line break at its end if it comes from a file
  - ramdisks (0): there must be from 1 to 28
  - metadata.ImageName ("\xff"): must be UTF-8
  - metadata.BuildMetadata.BuildTime (""): must be a time in the form of RFC 3339; use "1970-01-01T00:00:00+00:00" to leave it out
  - metadata.DockerInfo: must be JSON: unexpected EOF
  - metadata.CustomMetadata: must be one JSON value`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	for name, change := range map[string]func(*Spec){
		"cmdline":     func(s *Spec) { s.Cmdline = strings.Repeat("x", MaxCmdline+1) },
		"ramdisks":    func(s *Spec) { s.Ramdisks = make([]Content, 29) },
		"ramdisks[1]": func(s *Spec) { s.Ramdisks[1] = blob.Bytes(nil) },
		"metadata":    func(s *Spec) { s.Metadata.ImageName = strings.Repeat("x", MaxMetadata) },
	} {
		s := sampleSpec()
		change(&s)
		if _, err := Build(t.Context(), &buffer{}, s); err == nil || !strings.Contains(err.Error(), name+" (") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// wrongSize is content that holds more or less than it says.
type wrongSize struct {
	Content
	size int64
}

func (w wrongSize) Size() int64 { return w.size }

func TestContentThatChanges(t *testing.T) {
	for _, size := range []int64{1, 8, 10, chunkSize + 1} {
		s := sampleSpec()
		s.Ramdisks[0] = wrongSize{s.Ramdisks[0], size}
		var out buffer
		if _, err := Build(t.Context(), &out, s); !errors.Is(err, errSize) || !strings.HasPrefix(err.Error(), "ramdisk: ") {
			t.Errorf("size %d: got %v", size, err)
		}
		if _, err := Open(bytes.NewReader(out.b), int64(len(out.b))); err == nil {
			t.Error("what a failed build leaves is taken for an image")
		}
	}
}

func TestFileContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kernel")
	if err := os.WriteFile(path, []byte("the kernel"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sampleSpec()
	var err error
	if s.Kernel, err = blob.File(path); err != nil {
		t.Fatal(err)
	}
	got, _ := build(t, s)
	if want, _ := build(t, sampleSpec()); !bytes.Equal(got, want) {
		t.Error("a file gives another image than its bytes")
	}
	if err := os.WriteFile(path, []byte("the kernel, longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), &buffer{}, s); !errors.Is(err, errSize) {
		t.Errorf("a file that grew: got %v", err)
	}
	if _, err := blob.File(filepath.Dir(path)); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("a folder: got %v", err)
	}
}

func TestBuildStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Build(ctx, &buffer{}, sampleSpec()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := Build(t.Context(), &buffer{b: []byte("old")}, sampleSpec()); err == nil || !strings.Contains(err.Error(), "must be empty") {
		t.Errorf("output with content: got %v", err)
	}
	for limit := range 12 {
		out := &failing{limit: limit}
		if _, err := Build(t.Context(), out, sampleSpec()); !errors.Is(err, errFull) {
			t.Errorf("write %d fails: got %v", limit, err)
		}
	}
}

var errFull = errors.New("disk full")

// failing is an output that fails at a write.
type failing struct {
	buffer
	limit int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.limit--; f.limit < 0 {
		return 0, errFull
	}
	return f.buffer.Write(p)
}

func TestJoinCRC(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef"), 100)
	for _, cut := range []int{0, 1, 2, 3, 7, 544, 1023, len(text) - 1, len(text)} {
		a, b := text[:cut], text[cut:]
		if got, want := joinCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b))), crc32.ChecksumIEEE(text); got != want {
			t.Errorf("cut at %d: got %08x, want %08x", cut, got, want)
		}
	}
}

func TestPumpReportsEverySink(t *testing.T) {
	sinks := []io.Writer{io.Discard, &failing{}, &failing{}}
	err := pump(t.Context(), strings.NewReader("abc"), 3, make([]byte, 2), sinks)
	if !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}
