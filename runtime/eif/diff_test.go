package eif

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs/packed"
)

// file is an entry of a ramdisk.
type file struct {
	name    string
	mode    uint32
	uid     int
	inode   int
	content string
}

// cpio writes a newc archive in the simplest way.
func cpio(files ...file) string {
	var b bytes.Buffer
	pad := func() { b.Write(make([]byte, -b.Len()&3)) }
	for _, f := range append(files, file{name: "TRAILER!!!"}) {
		fmt.Fprintf(&b, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", f.inode, f.mode, f.uid, 0, 1, 0, len(f.content), 0, 0, 0, 0, len(f.name)+1, 0)
		b.WriteString(f.name + "\x00")
		pad()
		b.WriteString(f.content)
		pad()
	}
	return b.String()
}

// sampleFiles are the files of a ramdisk; each call gives new ones.
func sampleFiles() []file {
	return []file{{"dev", 0o40755, 0, 1, ""}, {"etc", 0o40755, 0, 2, ""}, {"etc/hosts", 0o100644, 0, 3, "127.0.0.1"}, {"init", 0o100755, 0, 4, "#!"}, {"link", 0o120777, 0, 5, "init"}}
}

func diff(t *testing.T, a, b []byte) []string {
	t.Helper()
	found, err := Diff(t.Context(), open(t, a), open(t, b))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range found {
		lines = append(lines, d.String())
	}
	return lines
}

func TestDiffFiles(t *testing.T) {
	image := func(ramdisk string) []byte {
		return rawImage(4, 0, slices.Concat(sampleSections()[:4], []rawSection{{3, ramdisk}})...)
	}
	for _, tc := range []struct {
		name  string
		after func([]file) string
		want  []string
	}{
		{"same", func(f []file) string { return cpio(f...) }, nil},
		{"content", func(f []file) string { f[2].content = "127.0.1.1"; return cpio(f...) }, []string{
			"ramdisk[1]/etc/hosts: content: byte 6 is 0x30 -> byte 6 is 0x31",
		}},
		{"longer", func(f []file) string { f[2].content += " x"; return cpio(f...) }, []string{
			"ramdisk[1]/etc/hosts: size: 9 -> 11", "ramdisk[1]/etc/hosts: content: ends at byte 9 -> byte 9 is 0x20",
		}},
		{"mode and owner", func(f []file) string { f[3].mode, f[3].uid = 0o104755, 7; return cpio(f...) }, []string{
			"ramdisk[1]/init: mode: 0100755 -> 0104755", "ramdisk[1]/init: uid: 0 -> 7",
		}},
		{"added and removed", func(f []file) string { f[2].name = "etc/passwd"; return cpio(f...) }, []string{
			"ramdisk[1]/etc/hosts: file: file of 9 bytes, mode 0100644 -> none", "ramdisk[1]/etc/passwd: file: none -> file of 9 bytes, mode 0100644",
		}},
		{"inserted", func(f []file) string {
			f = append(f, file{"zz", 0o40700, 0, 6, ""})
			for i := range f {
				f[i].inode += 100
			}
			return cpio(f...)
		}, []string{"ramdisk[1]/zz: file: none -> directory, mode 0040700"}},
		{"link", func(f []file) string { f[4].content = "sh"; return cpio(f...) }, []string{
			"ramdisk[1]/link: size: 4 -> 2", "ramdisk[1]/link: content: byte 0 is 0x69 -> byte 0 is 0x73",
		}},
		{"inode", func(f []file) string { f[4].inode = 9; return cpio(f...) }, []string{"ramdisk[1]/link: inode: 5 -> 9"}},
		{"order", func(f []file) string { f[3], f[4] = f[4], f[3]; return cpio(f...) }, []string{"ramdisk[1]: order, from entry 3: init -> link"}},
		{"repeated", func(f []file) string { return cpio(append(f, f[0])...) }, []string{"ramdisk[1]: content: byte 617 is 0x30 -> byte 617 is 0x31"}},
		{"padding", func(f []file) string { return cpio(f...) + "\x00\x00\x00\x00" }, []string{"ramdisk[1]: content: ends at byte 728 -> byte 728 is 0x00"}},
		{"no archive", func([]file) string { return "\x1f\x8b" }, []string{"ramdisk[1]: content: byte 0 is 0x30 -> byte 0 is 0x1f"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, diff(t, image(cpio(sampleFiles()...)), image(tc.after(sampleFiles())))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDiffCompressed looks into a ramdisk that is compressed, on one side or on both.
func TestDiffCompressed(t *testing.T) {
	image := func(ramdisk string) []byte {
		return rawImage(4, 0, slices.Concat(sampleSections()[:4], []rawSection{{3, ramdisk}})...)
	}
	changed := sampleFiles()
	changed[2].content = "127.0.1.1"
	plain, before, after := cpio(sampleFiles()...), compressed(t, cpio(sampleFiles()...)), compressed(t, cpio(changed...))
	for _, tc := range []struct {
		name, a, b string
		want       []string
	}{
		{"same", before, before, nil},
		{"content", before, after, []string{"ramdisk[1]/etc/hosts: content: byte 6 is 0x30 -> byte 6 is 0x31"}},
		{"one side", plain, before, []string{"ramdisk[1]: compression: none -> xz"}},
		{"one side, and content", after, plain, []string{
			"ramdisk[1]: compression: xz -> none", "ramdisk[1]/etc/hosts: content: byte 6 is 0x31 -> byte 6 is 0x30",
		}},
		{"damaged", before, before[:80] + "x" + before[81:], []string{fmt.Sprintf("ramdisk[1]: content: byte 80 is 0x%02x -> byte 80 is 0x78", before[80])}},
		{"a bomb", before, compressed(t, strings.Repeat("\x00", maxUnpacked+4)), []string{"ramdisk[1]: content: byte 24 is 0xe0 -> byte 24 is 0xff"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, diff(t, image(tc.a), image(tc.b))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func compressed(t testing.TB, text string) string {
	t.Helper()
	c, err := packed.XZ(context.Background(), blob.Bytes([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDiffSections(t *testing.T) {
	plain, _ := build(t, sampleSpec())
	meta := sampleSections()[2].payload
	for _, tc := range []struct {
		name   string
		change func([]rawSection) []byte
		want   []string
	}{
		{"version and architecture", func(s []rawSection) []byte { return rawImage(3, 1, s[0], s[1], s[3], s[4], s[5]) }, []string{
			"header: version: 4 -> 3", "header: architecture: x86_64 -> arm64",
			"sections: order: kernel, cmdline, metadata, ramdisk (3) -> kernel, cmdline, ramdisk (3)",
			"metadata: section: 250 bytes -> none",
		}},
		{"kernel and cmdline", func(s []rawSection) []byte {
			s[0].payload, s[1].payload = "the Kernel", "quiet"
			return rawImage(4, 0, s...)
		}, []string{
			`cmdline: content: "reboot=k panic=30" -> "quiet"`, "kernel: content: byte 4 is 0x6b -> byte 4 is 0x4b",
		}},
		{"one ramdisk less", func(s []rawSection) []byte { return rawImage(4, 0, s[:5]...) }, []string{
			"sections: order: kernel, cmdline, metadata, ramdisk (3) -> kernel, cmdline, metadata, ramdisk (2)", "ramdisk[2]: section: 4 bytes -> none",
		}},
		{"one ramdisk more", func(s []rawSection) []byte { return rawImage(4, 0, append(s, rawSection{3, "x"})...) }, []string{
			"sections: order: kernel, cmdline, metadata, ramdisk (3) -> kernel, cmdline, metadata, ramdisk (4)", "ramdisk[3]: section: none -> 1 bytes",
		}},
		{"metadata", func(s []rawSection) []byte {
			s[2].payload = strings.NewReplacer(`"1.2.3"`, `"2"`, `{"a":"<x>","b":1}`, `{"b":[1,{"x":2}],"c":1}`, "null", "[]").Replace(meta)
			return rawImage(4, 0, s...)
		}, []string{
			"metadata.CustomMetadata: value: null -> []", `metadata.DockerInfo.a: value: "<x>" -> none`, `metadata.DockerInfo.b: value: 1 -> [1,{"x":2}]`,
			"metadata.DockerInfo.c: value: none -> 1", `metadata.ImageVersion: value: "1.2.3" -> "2"`,
		}},
		{"spaces in metadata", func(s []rawSection) []byte { s[2].payload = " " + meta; return rawImage(4, 0, s...) }, []string{"metadata: content: byte 0 is 0x7b -> byte 0 is 0x20"}},
		{"no JSON", func(s []rawSection) []byte { s[2].payload = "x"; return rawImage(4, 0, s...) }, []string{"metadata: content: byte 0 is 0x7b -> byte 0 is 0x78"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, diff(t, plain, tc.change(sampleSections()))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDiffOfLists(t *testing.T) {
	image := func(metadata string) []byte {
		sections := sampleSections()
		sections[2].payload = metadata
		return rawImage(4, 0, sections...)
	}
	got := diff(t, image(`{"list":[1,[2,3],{"x":4}]}`), image(`{"list":[1,[2,9],{"x":5}]}`))
	if diff := cmp.Diff([]string{"metadata.list[1][1]: value: 3 -> 9", "metadata.list[2].x: value: 4 -> 5"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestDiffOfLargeContent has a difference beyond the first piece.
func TestDiffOfLargeContent(t *testing.T) {
	const at = 2*compareSize + 5
	image := func(last string) []byte {
		return rawImage(4, 0, slices.Concat(sampleSections()[:3], []rawSection{{3, strings.Repeat("x", at) + last + "x"}})...)
	}
	if diff := cmp.Diff([]string{"ramdisk[0]: content: byte 524293 is 0x78 -> byte 524293 is 0x79"}, diff(t, image("x"), image("y"))); diff != "" {
		t.Error(diff)
	}
}

func TestDiffSignatures(t *testing.T) {
	plain, _ := build(t, sampleSpec())
	a, _, first := signed(t, 1)
	b, _, second := signed(t, 2)
	if got := diff(t, plain, a); len(got) != 2 || !strings.HasPrefix(got[1], "signature: section: none -> ") {
		t.Errorf("signing: %q", got)
	}
	got := diff(t, a, b)
	want := fmt.Sprintf("signature: certificate: \"CN=signer\", PCR8 %s -> \"CN=signer\", PCR8 %s", first.PCR8(), second.PCR8())
	if len(got) != 3 || got[0] != want || !strings.HasPrefix(got[1], "signature: certificate text: ") || !strings.HasPrefix(got[2], "signature: COSE signature: ") {
		t.Errorf("other signer: %q", got)
	}
	broken := rawImage(4, 0, append(sampleSections(), rawSection{4, "x"})...)
	if diff := cmp.Diff([]string{"signature: content: byte 0 is 0x81 -> byte 0 is 0x78"}, diff(t, a, broken)); diff != "" {
		t.Error(diff)
	}
}

func TestDiffIsBounded(t *testing.T) {
	many := func(uid int) []byte {
		var all []file
		for i := range 2 * MaxDifferences {
			all = append(all, file{fmt.Sprintf("%05d%s", i, strings.Repeat("x", 3000)), 0o100644, uid, i, ""})
		}
		return rawImage(4, 0, append(sampleSections()[:3], rawSection{3, cpio(all...)})...)
	}
	got := diff(t, many(1), many(2))
	if len(got) != MaxDifferences+1 || got[MaxDifferences] != "further differences are not listed" {
		t.Errorf("%d differences, the last is %q", len(got), got[len(got)-1])
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Diff(ctx, open(t, many(1)), open(t, many(2))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestDiffOfDeepMetadata nests long keys: to name each place in full would take GiB.
func TestDiffOfDeepMetadata(t *testing.T) {
	const depth = 5000
	deep := func(leaf string) []byte {
		sections := sampleSections()
		sections[2].payload = strings.Repeat(`{"`+strings.Repeat("k", 100)+`":`, depth) + leaf + strings.Repeat("}", depth)
		return rawImage(4, 0, sections...)
	}
	a, b := deep("1"), deep("2")
	var got []string
	if n := allocated(func() { got = diff(t, a, b) }); n > 64<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
	if len(got) != 1 || strings.Count(got[0], ".k") != maxDepth {
		t.Errorf("got %.500q", got)
	}
}
