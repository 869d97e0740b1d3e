package newc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// file is one entry of an archive to be written.
type file struct {
	mode    uint32
	name    string
	content string
}

// archive writes files as the format is described, in the simplest way.
func archive(files ...file) []byte {
	var b bytes.Buffer
	pad := func() {
		for b.Len()%4 != 0 {
			b.WriteByte(0)
		}
	}
	for i, f := range append(files, file{name: "TRAILER!!!"}) {
		fmt.Fprintf(&b, "070701%08x%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", i, f.mode, 11, 12, 1, 13, len(f.content), 1, 2, 3, 4, len(f.name)+1, 0)
		b.WriteString(f.name + "\x00")
		pad()
		b.WriteString(f.content)
		pad()
	}
	return b.Bytes()
}

func list(b []byte) ([]Entry, []string, error) {
	r := NewReader(bytes.NewReader(b), int64(len(b)))
	var all []Entry
	var contents []string
	for {
		e, err := r.Next()
		if err != nil {
			if _, again := r.Next(); !errors.Is(again, err) {
				return nil, nil, fmt.Errorf("the second call returned %w, not %w", again, err)
			}
			return all, contents, err
		}
		content, err := io.ReadAll(r.Content(e))
		if err != nil {
			return nil, nil, err
		}
		all, contents = append(all, e), append(contents, string(content))
	}
}

func TestReader(t *testing.T) {
	first := archive(file{0o40755, "dev", ""}, file{0o100644, "etc/hosts", "hello"})
	second := archive(file{0o120777, "link", "etc/hosts"})
	entries, contents, err := list(append(append(first, make([]byte, 8)...), second...))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", "hello", "etc/hosts"}, contents); diff != "" {
		t.Error(diff)
	}
	want := Entry{Name: "etc/hosts", Mode: 0o100644, UID: 11, GID: 12, Links: 1, Inode: 1, ModTime: 13, DeviceMajor: 1, DeviceMinor: 2, SpecialMajor: 3, SpecialMinor: 4, Size: 5, Offset: 236}
	if diff := cmp.Diff(want, entries[1]); diff != "" {
		t.Error(diff)
	}
}

func TestReaderRefuses(t *testing.T) {
	good := archive(file{0o100644, "name", "content"})
	change := func(at int, text string) []byte {
		b := bytes.Clone(good)
		copy(b[at:], text)
		return b
	}
	for _, tc := range []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "at byte 0: 0 bytes are left"},
		{"magic", change(0, "070707"), `magic ("070707"): must be "070701"`},
		{"compressed", change(0, "\x1f\x8b\x08"), "magic"},
		{"digits", change(6, "0000000x"), "field 0"},
		{"sign", change(6, "+0000001"), "field 0"},
		{"size", change(6+6*8, "FFFFFFFF"), `size of "name" (4294967295): the archive ends before`},
		{"no name", change(6+11*8, "00000001"), "length of the name (1)"},
		{"long name", change(6+11*8, "00001001"), "length of the name (4097)"},
		{"name beyond the end", change(6+11*8, "00001000"), "length of the name (4096): the archive ends before it"},
		{"name without NUL", change(110+4, "x"), "must end with its only NUL"},
		{"NUL within the name", change(110+1, "\x00"), "must end with its only NUL"},
		{"no trailer", good[:124], "at byte 124: 0 bytes are left"},
		{"truncated", good[:150], "ends without its trailer"},
		{"follower", append(bytes.Clone(good), 'x'), "newc header at byte 248"},
		{"follower not aligned", append(bytes.Clone(good), "\x00070701"...), "must begin at a multiple of 4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, _, err := list(tc.in); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestReaderOfAFileThatShrank is told a size that the file has no more.
func TestReaderOfAFileThatShrank(t *testing.T) {
	b := archive(file{0o100644, "name", "content"})
	r := NewReader(bytes.NewReader(b[:100]), int64(len(b)))
	if _, err := r.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// counting counts what is read.
type counting struct {
	io.ReaderAt
	bytes int
}

func (c *counting) ReadAt(p []byte, at int64) (int, error) {
	c.bytes += len(p)
	return c.ReaderAt.ReadAt(p, at)
}

// TestReaderReadsHeadersOnce has thousands of empty archives, and one with large files.
func TestReaderReadsHeadersOnce(t *testing.T) {
	many := bytes.Repeat(archive(), 5000)
	large := archive(file{0o100644, "a", strings.Repeat("x", 1<<20)}, file{0o100644, "b", strings.Repeat("x", 1<<20)})
	for name, tc := range map[string]struct {
		in   []byte
		most int
	}{"many": {many, 3 * len(many)}, "large": {large, 4 * int(windowSize)}} {
		c := &counting{bytes.NewReader(tc.in), 0}
		r := NewReader(c, int64(len(tc.in)))
		for {
			if _, err := r.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if c.bytes > tc.most {
			t.Errorf("%s: %d bytes of %d were read, at most %d are allowed", name, c.bytes, len(tc.in), tc.most)
		}
	}
}

// FuzzReader looks for panics, for loops and for entries outside of the file.
func FuzzReader(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(archive(file{0o40755, "dev", ""}, file{0o100755, "init", "#!/bin/sh\n"}))
	f.Add(append(append(archive(file{0o100644, "a", "b"}), make([]byte, 512)...), archive(file{0o120777, "l", "a"})...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b), int64(len(b)))
		var end int64
		for range len(b)/fixed + 1 {
			e, err := r.Next()
			if err != nil {
				return
			}
			if e.Name == "" || len(e.Name) > MaxName || e.Offset <= end || e.Offset+e.Size > int64(len(b)) {
				t.Fatalf("entry %+v in %d bytes, after byte %d", e, len(b), end)
			}
			end = e.Offset
		}
		t.Fatal("more entries than fit")
	})
}
