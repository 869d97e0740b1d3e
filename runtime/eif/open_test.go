package eif

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tryOpen(b []byte) (*Image, error) { return Open(bytes.NewReader(b), int64(len(b))) }

func TestOpenReads(t *testing.T) {
	b, _ := build(t, sampleSpec())
	im := open(t, b)
	got := []any{im.Version(), im.Architecture(), im.DefaultMemory(), im.DefaultCPUs(), im.Size(), im.Cmdline(), im.Signed(), len(im.Sections()), im.Kernel().Size(), len(im.Ramdisks()), im.Ramdisks()[1].Size()}
	want := []any{4, X8664, uint64(1 << 30), uint64(2), int64(len(b)), "reboot=k panic=30", false, 6, int64(10), 3, int64(11)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	table, err := json.Marshal(im.Sections()[1:3])
	if err != nil || string(table) != `[{"Type":"cmdline","Offset":570,"Size":17},{"Type":"metadata","Offset":599,"Size":250}]` {
		t.Errorf("got %s, %v", table, err)
	}
	if im.CRC() != binary.BigEndian.Uint32(b[544:]) {
		t.Errorf("checksum %08x", im.CRC())
	}
	m, err := im.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	wanted := sampleMetadata()
	wanted.DockerInfo, wanted.CustomMetadata = []byte(`{"a":"<x>","b":1}`), []byte("null")
	if diff := cmp.Diff(wanted, m); diff != "" {
		t.Error(diff)
	}
}

func TestOlderVersions(t *testing.T) {
	s := sampleSections()
	for version, sections := range map[uint16][]rawSection{2: {s[0], s[1], s[3]}, 3: {s[0], s[1], s[3], s[4]}, 4: {s[0], s[1], s[3], s[4], s[2]}} {
		im := open(t, rawImage(version, 0, sections...))
		if err := im.Verify(t.Context(), VerifyOptions{}); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
		m, err := im.Measure(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := pcrOf("the kernelreboot=k panic=30bootstrap"); m.PCR1 != want {
			t.Errorf("version %d: PCR1 %s, want %s", version, m.PCR1, want)
		}
		if _, err := im.Metadata(); (err == nil) != (version == 4) {
			t.Errorf("version %d: metadata: %v", version, err)
		}
	}
}

func put16(at int, v uint16) func([]byte) []byte {
	return func(b []byte) []byte { binary.BigEndian.PutUint16(b[at:], v); return b }
}

func put64(at int, v uint64) func([]byte) []byte {
	return func(b []byte) []byte { binary.BigEndian.PutUint64(b[at:], v); return b }
}

// TestOpenRefuses changes single fields. The kernel's section begins at byte 548, the
// command line's at 570.
func TestOpenRefuses(t *testing.T) {
	const end = 548 + 12 + 10
	for _, tc := range []struct {
		name   string
		change func([]byte) []byte
		want   string
	}{
		{"empty", func([]byte) []byte { return nil }, "file (0): is truncated: a header has 548 bytes"},
		{"magic", put16(0, 0x7f45), `header.magic at byte 0 ("\x7fEif"): must be ".eif"`},
		{"version 1", put16(4, 1), "header.version at byte 4 (1): must be from 2 to 4"},
		{"version 5", put16(4, 5), "header.version at byte 4 (5)"},
		{"flags", put16(6, 2), "header.flags at byte 6 (\"0x0002\"): only bit 0"},
		{"reserved", put16(24, 1), "header.reserved at byte 24 (1): must be zero"},
		{"unused", put16(542, 1), "header.unused at byte 540 (1): must be zero"},
		{"no sections", put16(26, 0), "header.sections at byte 26 (0): must be from 3 to 32"},
		{"33 sections", put16(26, 33), "header.sections at byte 26 (33)"},
		{"65535 sections", put16(26, 65535), "header.sections at byte 26 (65535)"},
		{"more sections than there are", put16(26, 7), "header.offsets[6] at byte 76 (0): must be"},
		{"fewer sections than there are", put16(26, 5), "header.offsets[5] at byte 68"},
		{"unused offset", put64(28+8*31, 9), "header.offsets[31] at byte 276 (9): must be zero: there are 6 sections"},
		{"unused size", put64(284+8*31, 9), "header.sizes[31] at byte 532 (9): must be zero"},
		{"overlap", put64(28+8, 549), "header.offsets[1] at byte 36 (549): must be 570"},
		{"gap", put64(28+8, 571), "header.offsets[1] at byte 36 (571): must be 570"},
		{"into the header", put64(28, 0), "header.offsets[0] at byte 28 (0): must be 548"},
		{"offset beyond the file", put64(28, 1<<40), "header.offsets[0]"},
		{"negative offset", put64(28, 1<<63), "header.offsets[0] at byte 28 (9223372036854775808)"},
		{"size beyond the file", put64(284, 1<<40), "header.sizes[0] at byte 284 (1099511627776): must be at most"},
		{"negative size", put64(284, 1<<64-1), "header.sizes[0] at byte 284 (18446744073709551615)"},
		{"other size in the section", put64(548+4, 11), "sections[0].size at byte 552 (11): must be 10, as in the header's table"},
		{"section flags", put16(550, 1), "sections[0].flags at byte 550 (1): must be zero"},
		{"type 0", put16(548, 0), "sections[0].type at byte 548 (0): must be from 1 to 5"},
		{"type 6", put16(548, 6), "sections[0].type at byte 548 (6)"},
		{"two command lines", put16(548, 2), "sections[1].type at byte 570 (cmdline): must occur only once"},
		{"no command line", put16(end, 3), "there is no cmdline"},
		{"no kernel", put16(548, 3), "there is no kernel"},
		{"metadata in version 3", put16(4, 3), "(metadata): version 3 images have none"},
		{"trailing byte", func(b []byte) []byte { return append(b, 0) }, "(1): bytes follow the last section"},
		{"truncated by a byte", func(b []byte) []byte { return b[:len(b)-1] }, "header.sizes[5]"},
		{"truncated before a section", func(b []byte) []byte { return b[:end+3] }, "header.sizes[1] at byte 292 (17): must be at most 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, _ := build(t, sampleSpec())
			_, err := tryOpen(tc.change(b))
			var v Violation
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.As(err, &v) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestOpenRefusesSections(t *testing.T) {
	s := sampleSections()
	for _, tc := range []struct {
		name     string
		version  uint16
		sections []rawSection
		want     string
	}{
		{"ramdisk first", 4, []rawSection{s[3], s[0], s[1]}, "is out of order"},
		{"cmdline before kernel", 4, []rawSection{s[1], s[0], s[3]}, "is out of order"},
		{"no ramdisk", 4, []rawSection{s[0], s[1], s[2]}, "there is no ramdisk"},
		{"signature in version 2", 2, []rawSection{s[0], s[1], s[3], {4, "x"}}, "version 2 images have none"},
		{"two signatures", 4, []rawSection{s[0], s[1], s[3], {4, "x"}, {4, "x"}}, "must occur only once"},
		{"empty kernel", 4, []rawSection{{1, ""}, s[1], s[3]}, "must not be zero for a kernel"},
		{"empty ramdisk", 4, []rawSection{s[0], s[1], s[3], {3, ""}}, "must not be zero for a ramdisk"},
		{"long cmdline", 4, []rawSection{s[0], {2, strings.Repeat("x", 2048)}, s[3]}, "must be at most 2047 for a cmdline"},
		{"large metadata", 4, []rawSection{s[0], s[1], s[3], {5, strings.Repeat("x", 1<<20+1)}}, "must be at most 1048576 for a metadata"},
		{"large signature", 4, []rawSection{s[0], s[1], s[3], {4, strings.Repeat("x", 40961)}}, "must be at most 40960 for a signature"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := tryOpen(rawImage(tc.version, 0, tc.sections...)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestOpenReportsAllAtOnce has one fault in every place.
func TestOpenReportsAllAtOnce(t *testing.T) {
	b, _ := build(t, sampleSpec())
	for _, change := range []func([]byte) []byte{put16(6, 0x8000), put16(24, 1), put16(542, 1), put64(284+8*20, 1), put16(550, 9), put16(548+12+10, 9)} {
		b = change(b)
	}
	var list Violations
	if _, err := tryOpen(b); !errors.As(err, &list) || len(list) < 7 {
		t.Errorf("got %v", err)
	}
}

// TestEveryDamage truncates a signed image at every length and flips a bit of every
// byte: nothing may pass, and nothing may panic.
func TestEveryDamage(t *testing.T) {
	s := sampleSpec()
	s.Signer = testSigner(t, p256, 3)
	good, _ := build(t, s)
	for n := range good {
		if _, err := tryOpen(good[:n]); err == nil {
			t.Fatalf("the first %d bytes of %d are taken for an image", n, len(good))
		}
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		if err := Verify(t.Context(), bytes.NewReader(b), int64(len(b)), VerifyOptions{Time: now}); err == nil {
			t.Fatalf("a flipped bit in byte %d was not noticed", i)
		}
	}
}

func TestOpenFile(t *testing.T) {
	b, want := build(t, sampleSpec())
	path := filepath.Join(t.TempDir(), "x.eif")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	im, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := im.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := im.Close(); err != nil {
		t.Error(err)
	}
	if _, err := im.Measure(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: got %v", err)
	}
	if err := os.WriteFile(path, b[:1000], 0o600); err != nil {
		t.Fatal(err)
	}
	var v Violation
	if _, err := OpenFile(path); !errors.As(err, &v) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("truncated: got %v", err)
	}
	if _, err := OpenFile(filepath.Dir(path)); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("a folder: got %v", err)
	}
}

// TestFileThatShrinks reads an image from a file that was cut after it was opened.
func TestFileThatShrinks(t *testing.T) {
	b, _ := build(t, sampleSpec())
	if _, err := Open(bytes.NewReader(b[:700]), int64(len(b))); err == nil {
		t.Error("Open: no error")
	}
	im := open(t, b)
	im.r = bytes.NewReader(b[:len(b)-1])
	if _, err := im.Measure(t.Context()); !errors.Is(err, errSize) {
		t.Errorf("Measure: got %v", err)
	}
}
