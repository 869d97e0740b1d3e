package initramfs

import (
	"bytes"
	"path"
	"strings"
	"testing"
)

// FuzzCleanPath holds cleaned paths to what the writer and the kernel rely on.
func FuzzCleanPath(f *testing.F) {
	for _, seed := range []string{"", "/", "./a//b/", "../a", "a/../b", "a\x00", strings.Repeat("x", 256), strings.Repeat("ab/", 2000), ".wh.a", "…/ü"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean, err := cleanPath(name)
		if err != nil {
			return
		}
		if again, err := cleanPath(clean); err != nil || again != clean {
			t.Errorf("%q gives %q, and that gives %q, %v", name, clean, again, err)
		}
		if clean != "" && path.Clean("/"+clean) != "/"+clean {
			t.Errorf("%q gives %q, which is not clean", name, clean)
		}
		if len(clean) > maxPath || strings.ContainsRune(clean, 0) || strings.HasPrefix(clean, "/") {
			t.Errorf("%q gives %q", name, clean)
		}
	})
}

// FuzzLayer reads any bytes as a layer upon a small image. What is accepted must give
// an archive that unpacks without a name outside of it.
func FuzzLayer(f *testing.F) {
	for _, one := range flattenings {
		for _, items := range one.layers {
			f.Add(tarOf(f, items))
		}
	}
	f.Add(tarOf(f, []item{hard("a", "b"), hard("b", "a"), device("dev/null"), file("../x", "")}))
	base := tarOf(f, []item{folder("d", 0o755), file("d/f", "1"), soft("s", "/d"), hard("h", "d/f")})
	f.Fuzz(func(t *testing.T, data []byte) {
		spool, err := NewSpool(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = spool.Close() }()
		spool.limit = 1 << 20
		tree := NewTree()
		for _, data := range [][]byte{base, data} {
			l, err := readLayer(bytes.NewReader(data), spool)
			if err != nil {
				return
			}
			if err := tree.apply(l); err != nil {
				return
			}
		}
		if _, err := tree.Archive(); err != nil {
			return
		}
		for name := range unpack(t, read(t, tree)) {
			if strings.HasPrefix(name, "/") || strings.Contains("/"+name+"/", "/../") {
				t.Errorf("archive has the path %q", name)
			}
		}
	})
}
