package initramfs

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/compression"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

type flattening struct {
	layers [][]item
	want   string
}

var flattenings = map[string]flattening{
	"plain, with owners and setuid": {
		[][]item{{folder("bin", 0o755), {tar.Header{Typeflag: tar.TypeReg, Name: "./bin/su", Mode: 0o104755, Uid: 7, Gid: 1 << 30, Size: 1}, "x"},
			folder(".", 0o711), file("/etc/hosts", "h")}},
		"1 040755 0:0 x2 bin\n2 104755 7:1073741824 x1 bin/su = \"x\"\n3 040755 0:0 x2 etc\n4 100644 0:0 x1 etc/hosts = \"h\"\n",
	},
	"last layer wins": {
		[][]item{{folder("d", 0o755), file("d/f", "old"), file("d/g", "kept")}, {folder("d", 0o700), file("d/f", "new")}},
		"1 040700 0:0 x2 d\n2 100644 0:0 x1 d/f = \"new\"\n3 100644 0:0 x1 d/g = \"kept\"\n",
	},
	"whiteout of a file and a folder": {
		[][]item{{file("d/f", "1"), file("d/g", "2"), file("e/h", "3")}, {file("d/.wh.f", ""), file(".wh.e", ""), file("d/.wh.absent", "")}},
		"1 040755 0:0 x2 d\n2 100644 0:0 x1 d/g = \"2\"\n",
	},
	"whiteout hides lower layers only": {
		[][]item{{folder("d", 0o700), file("d/old", "1")}, {file(".wh.d", ""), file("d/new", "2")}, {file("d/.wh.nothing", "")}},
		"1 040755 0:0 x2 d\n2 100644 0:0 x1 d/new = \"2\"\n",
	},
	"whiteout in a later layer": {
		[][]item{{file("f", "1")}, {file("f", "2")}, {file(".wh.f", "")}, {file("g", "3")}},
		"1 100644 0:0 x1 g = \"3\"\n",
	},
	"opaque folder": {
		[][]item{{folder("d", 0o700), file("d/e/old", "1"), file("d/f", "2")}, {file("d/.wh..wh..opq", ""), file("d/e/new", "3"), file("d/g", "4")}},
		"1 040700 0:0 x2 d\n2 040755 0:0 x2 d/e\n3 100644 0:0 x1 d/e/new = \"3\"\n4 100644 0:0 x1 d/g = \"4\"\n",
	},
	"opaque root": {
		[][]item{{file("a", "1")}, {file(".wh..wh..opq", ""), file("b", "2")}},
		"1 100644 0:0 x1 b = \"2\"\n",
	},
	"AUFS's own files": {
		[][]item{{file(".wh..wh.aufs", ""), folder(".wh..wh.plnk", 0o700), file("a", "1")}},
		"1 100644 0:0 x1 a = \"1\"\n",
	},
	"hard link in one layer": {
		[][]item{{file("b", "x"), hard("a", "b"), hard("c", "./a")}},
		"1 100644 0:0 x3 a\n1 100644 0:0 x3 b\n1 100644 0:0 x3 c = \"x\"\n",
	},
	"hard link to a lower layer, whose name then goes": {
		[][]item{{file("b", "x")}, {hard("a", "/b")}, {file(".wh.b", "")}},
		"1 100644 0:0 x1 a = \"x\"\n",
	},
	"a name of a hard-linked file replaced": {
		[][]item{{file("a", "x"), hard("b", "a")}, {file("a", "new")}},
		"1 100644 0:0 x1 a = \"new\"\n2 100644 0:0 x1 b = \"x\"\n",
	},
	"parent that is a symbolic link": {
		[][]item{{folder("usr/lib", 0o711), soft("lib", "usr/lib"), soft("var/run", "/run")}, {file("lib/x.so", "x"), file("var/run/pid", "1"), hard("y.so", "lib/x.so")}},
		"1 120777 0:0 x1 lib = \"usr/lib\"\n2 040755 0:0 x2 run\n3 100644 0:0 x1 run/pid = \"1\"\n4 040755 0:0 x2 usr\n5 040711 0:0 x2 usr/lib\n" +
			"6 100644 0:0 x2 usr/lib/x.so\n7 040755 0:0 x2 var\n8 120777 0:0 x1 var/run = \"/run\"\n6 100644 0:0 x2 y.so = \"x\"\n",
	},
	"links to links in one layer": {
		[][]item{{soft("bin", "sbin"), soft("sbin", "usr/bin"), file("bin/f", "1")}},
		"1 120777 0:0 x1 bin = \"sbin\"\n2 120777 0:0 x1 sbin = \"usr/bin\"\n3 040755 0:0 x2 usr\n4 040755 0:0 x2 usr/bin\n5 100644 0:0 x1 usr/bin/f = \"1\"\n",
	},
	"folder in place of a symbolic link": {
		[][]item{{file("usr/lib/f", "1"), soft("lib", "usr/lib")}, {folder("lib", 0o755), file("lib/.wh.f", ""), file("lib/g", "2")}},
		"1 040755 0:0 x2 lib\n2 100644 0:0 x1 lib/g = \"2\"\n3 040755 0:0 x2 usr\n4 040755 0:0 x2 usr/lib\n5 100644 0:0 x1 usr/lib/f = \"1\"\n",
	},
	"opaque folder in place of a symbolic link": {
		[][]item{{file("usr/lib/f", "1"), soft("lib", "usr/lib")}, {folder("lib", 0o755), file("lib/.wh..wh..opq", "")}},
		"1 040755 0:0 x2 lib\n2 040755 0:0 x2 usr\n3 040755 0:0 x2 usr/lib\n4 100644 0:0 x1 usr/lib/f = \"1\"\n",
	},
	"file in place of a folder, and back": {
		[][]item{{file("a/b", "1")}, {file("a", "2")}, {file("a/c", "3")}},
		"1 040755 0:0 x2 a\n2 100644 0:0 x1 a/c = \"3\"\n",
	},
	"device removed by a later layer": {
		[][]item{{device("dev/null"), file("a", "1")}, {file("dev/.wh.null", "")}},
		"1 100644 0:0 x1 a = \"1\"\n2 040755 0:0 x2 dev\n",
	},
	"no layers": {nil, ""},
}

func TestFlatten(t *testing.T) {
	for name, tc := range flattenings {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(8) { // the order in a layer's tar must not matter
				layers := make([][]item, len(tc.layers))
				for i, items := range tc.layers {
					if layers[i] = items; seed > 0 {
						layers[i] = shuffled(items, seed)
					}
				}
				got, err := flatten(t, imageOf(t, layers...))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, list(t, got)); diff != "" {
					t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
				}
			}
		})
	}
}

// TestFlattenLongNames uses what PAX and GNU have for names that the old header has no
// room for.
func TestFlattenLongNames(t *testing.T) {
	long := strings.Repeat("folder-with-a-long-name/", 20) + strings.Repeat("n", 250)
	for _, format := range []tar.Format{tar.FormatPAX, tar.FormatGNU} {
		f, l := file(long, "x"), soft("link", long)
		f.Format, l.Format = format, format
		got, err := flatten(t, imageOf(t, []item{f, l}))
		if err != nil {
			t.Fatal(err)
		}
		files := unpack(t, got)
		if files[long] == nil || files[long].Data != "x" || files["link"].Data != long {
			t.Errorf("%v: got %v", format, files)
		}
	}
}

// TestFlattenCompressed reads the two compressions of the OCI image specification.
func TestFlattenCompressed(t *testing.T) {
	data := tarOf(t, []item{file("a", "1")})
	for _, c := range []compression.Compression{compression.GZip, compression.ZStd} {
		one, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, tarball.WithCompression(c))
		if err != nil {
			t.Fatal(err)
		}
		// Through a folder, where only the compressed form is kept.
		img, err := mutate.AppendLayers(empty.Image, one)
		if err != nil {
			t.Fatal(err)
		}
		path, err := layout.Write(t.TempDir(), mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img}))
		if err != nil {
			t.Fatal(err)
		}
		digest, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		stored, err := path.Image(digest)
		if err != nil {
			t.Fatal(err)
		}
		got, err := flatten(t, stored)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("1 100644 0:0 x1 a = \"1\"\n", list(t, got)); diff != "" {
			t.Errorf("%s: %s", c, diff)
		}
	}
}

func TestFlattenDuplicateInOneLayer(t *testing.T) {
	got, err := flatten(t, imageOf(t, []item{file("a", "1"), file("./a", "2")}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("1 100644 0:0 x1 a = \"2\"\n", list(t, got)); diff != "" {
		t.Error(diff)
	}
}

func TestFlattenRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		items []item
		want  string
	}{
		"devices, all at once": {[]item{device("dev/zero"), device("dev/null"), {Header: tar.Header{Typeflag: tar.TypeFifo, Name: "p"}}},
			"3 invalid arguments:\n  - file (\"dev/null\"): is a device node, which an enclave image cannot carry: its /dev is the kernel's; remove it, in an image by its last layer\n  - file (\"dev/zero\")"},
		"climbing name":                    {[]item{file("../etc/passwd", "x")}, `path "../etc/passwd" climbs`},
		"climbing hard link":               {[]item{file("a", ""), hard("b", "../a")}, "climbs"},
		"absent hard link":                 {[]item{hard("b", "a")}, `"b" is a hard link to "a": there is no file`},
		"hard link circle":                 {[]item{hard("a", "b"), hard("b", "a")}, "lead to each other"},
		"hard link to self":                {[]item{hard("a", "a")}, "lead to each other"},
		"link circle":                      {[]item{soft("a", "b"), soft("b", "a"), file("a/x", "")}, "more than 40 symbolic links"},
		"folder beyond a link, and a link": {[]item{soft("a", "m"), soft("a/k", "x"), soft("m", "y")}, `"m" is a folder and something else`},
		"file and folder":                  {[]item{file("a", ""), file("a/x", "")}, `leads through "a", which is a file`},
		"negative owner":                   {[]item{{Header: tar.Header{Typeflag: tar.TypeReg, Name: "f", Uid: -1, Format: tar.FormatGNU}}}, "user or group -1"},
		"whiteout of itself":               {[]item{file("d/.wh..", "")}, "hides no name"},
		"whiteout of all":                  {[]item{file("d/.wh.", "")}, "hides no name"},
		"root as a file":                   {[]item{soft("./", "x")}, "root is not a directory"},
		"unknown type":                     {[]item{{Header: tar.Header{Typeflag: 'Z', Name: "f"}}}, "unknown type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := flatten(t, imageOf(t, tc.items))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestFlattenNoticesDroppedAttributes(t *testing.T) {
	f := file("ping", "x")
	f.PAXRecords = map[string]string{xattrPrefix + "security.capability": "\x01"}
	other := file("gone", "x")
	other.PAXRecords = f.PAXRecords
	spool, err := NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = spool.Close() }()
	tree, err := FromImage(t.Context(), imageOf(t, []item{f, other, file("plain", "")}, []item{file(".wh.gone", "")}), spool)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ping"}, tree.Dropped()); diff != "" {
		t.Error(diff)
	}
}

// TestFlattenAgreesWithExtract compares with go-containerregistry's own flattening,
// where that keeps everything: no hard links, no links as parents.
func TestFlattenAgreesWithExtract(t *testing.T) {
	img, err := random.Image(3000, 4)
	if err != nil {
		t.Fatal(err)
	}
	for name, img := range map[string]v1.Image{
		"random": img,
		"opaque": imageOf(t, flattenings["opaque folder"].layers...),
		"wins":   imageOf(t, flattenings["last layer wins"].layers...),
	} {
		got, err := flatten(t, img)
		if err != nil {
			t.Fatal(err)
		}
		want, have := extracted(t, img), map[string]string{}
		for p, f := range unpack(t, got) {
			if f.Mode>>12 == 8 {
				have[p] = f.Data
			}
		}
		if len(want) == 0 {
			t.Errorf("%s: nothing to compare", name)
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func extracted(t *testing.T, img v1.Image) map[string]string {
	t.Helper()
	files := map[string]string{}
	r := mutate.Extract(img)
	defer func() { _ = r.Close() }()
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			b, err := io.ReadAll(archive)
			if err != nil {
				t.Fatal(err)
			}
			files[path.Clean(h.Name)] = string(b)
		}
	}
}

// changedLayer gives other bytes than its digest says.
type changedLayer struct {
	v1.Layer
	data []byte
}

func (l changedLayer) Uncompressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(l.data)), nil
}

type changedImage struct {
	v1.Image
	layers []v1.Layer
}

func (i changedImage) Layers() ([]v1.Layer, error) { return i.layers, nil }

func TestFlattenChecksDigests(t *testing.T) {
	img := imageOf(t, []item{file("a", "1")})
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		layers []v1.Layer
		want   string
	}{
		"other file":     {[]v1.Layer{changedLayer{layers[0], tarOf(t, []item{file("a", "2")})}}, "was changed or damaged"},
		"more after it":  {[]v1.Layer{changedLayer{layers[0], append(tarOf(t, []item{file("a", "1")}), 0)}}, "was changed or damaged"},
		"truncated":      {[]v1.Layer{changedLayer{layers[0], tarOf(t, []item{file("a", "1")})[:513]}}, "layer 1 of 1"},
		"missing layers": {nil, "the image has 0 layers and its configuration 1"},
	} {
		if _, err := flatten(t, changedImage{img, tc.layers}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestFlattenStops(t *testing.T) {
	spool, err := NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = spool.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FromImage(ctx, imageOf(t, []item{file("a", "1")}), spool); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	spool.limit = 10
	if _, err := FromImage(t.Context(), imageOf(t, []item{file("a", strings.Repeat("x", 11))}), spool); err == nil {
		t.Error("an image beyond the limit is accepted")
	}
}
