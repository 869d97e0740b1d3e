package initramfs

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"testing"
)

// unpacked is a file as a kernel would make it.
type unpacked struct {
	Mode, UID, GID uint64
	Data           string
	// Inode is the same for names of one file.
	Inode uint64
}

// unpack does with an archive what the kernel's init/initramfs.c does, and shares no
// code with the writer. It fails where the kernel would skip an entry.
func unpack(t *testing.T, archive []byte) map[string]*unpacked {
	t.Helper()
	files := map[string]*unpacked{}
	linked := map[uint64]*unpacked{}
	for at := 0; ; {
		if at%4 != 0 || len(archive) < at+110 {
			t.Fatalf("no header at %d of %d", at, len(archive))
		}
		fields := headerFields(t, archive[at:])
		size, nameSize := int(fields[6]), int(fields[11])
		name, data := at+110, (at+110+nameSize+3)&^3
		if archive[name+nameSize-1] != 0 {
			t.Fatalf("name at %d has no NUL", name)
		}
		p := string(archive[name : name+nameSize-1])
		if p == "TRAILER!!!" {
			if len(archive) != data {
				t.Fatalf("%d bytes after the trailer", len(archive)-data)
			}
			return files
		}
		if dir := path.Dir(p); dir != "." && (files[dir] == nil || files[dir].Mode>>12 != 4) {
			t.Fatalf("%q comes before its folder, or in a file", p)
		}
		body := string(archive[data : data+size])
		f := &unpacked{Mode: fields[1], UID: fields[2], GID: fields[3], Data: body, Inode: fields[0]}
		if regular := fields[1]>>12 == 8; regular && fields[4] >= 2 {
			if first := linked[fields[0]]; first != nil {
				if size > 0 {
					first.Data = body
				}
				f = first
			}
			linked[fields[0]] = f
		}
		if files[p] != nil {
			t.Fatalf("%q is there twice", p)
		}
		files[p] = f
		for pad := data + size; pad%4 != 0; pad++ {
			if archive[pad] != 0 {
				t.Fatalf("padding at %d is not zero", pad)
			}
		}
		at = (data + size + 3) &^ 3
	}
}

func headerFields(t *testing.T, h []byte) [13]uint64 {
	t.Helper()
	if string(h[:6]) != "070701" {
		t.Fatalf("magic is %q", h[:6])
	}
	var fields [13]uint64
	for i := range fields {
		digits := h[6+8*i : 14+8*i]
		if _, err := hex.DecodeString(string(digits)); err != nil {
			t.Fatal(err)
		}
		fields[i], _ = strconv.ParseUint(string(digits), 16, 64)
	}
	for _, zero := range []int{5, 7, 8, 9, 10, 12} {
		if fields[zero] != 0 {
			t.Fatalf("field %d is %d, want 0", zero, fields[zero])
		}
	}
	return fields
}

// read returns the bytes of a tree's archive, which must be as long as it says.
func read(t *testing.T, tree *Tree) []byte {
	t.Helper()
	a, err := tree.Archive()
	if err != nil {
		t.Fatal(err)
	}
	b := readContent(t, a)
	if int64(len(b)) != a.Size() {
		t.Fatalf("archive says it has %d bytes, and has %d", a.Size(), len(b))
	}
	return b
}

func readContent(t *testing.T, c Content) []byte {
	t.Helper()
	r, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return b
}

// list shows an archive like ls, in its order, for comparisons.
func list(t *testing.T, archive []byte) string {
	t.Helper()
	unpack(t, archive)
	var b strings.Builder
	for at := 0; ; {
		f := headerFields(t, archive[at:])
		name := archive[at+110:][:f[11]-1]
		data := (at + 110 + int(f[11]) + 3) &^ 3
		if bytes.Equal(name, []byte("TRAILER!!!")) {
			return b.String()
		}
		fmt.Fprintf(&b, "%d %06o %d:%d x%d %s", f[0], f[1], f[2], f[3], f[4], name)
		if f[6] > 0 {
			fmt.Fprintf(&b, " = %q", archive[data:data+int(f[6])])
		}
		b.WriteByte('\n')
		at = (data + int(f[6]) + 3) &^ 3
	}
}
