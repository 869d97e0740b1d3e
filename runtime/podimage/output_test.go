package podimage

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

const reference = "example.com/containment-chamber:v1.5.0-nitro"

func buildAll(t *testing.T, requests ...Request) Set {
	t.Helper()
	s, err := BuildAll(t.Context(), requests...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPush: a registry has the image under its tag and digest, and knows what refers to
// it, for one architecture and for two.
func TestPush(t *testing.T) {
	for kind, option := range map[string]registry.Option{"with referrers": registry.WithReferrersSupport(true), "without": registry.WithReferrersSupport(false)} {
		t.Run(kind, func(t *testing.T) {
			server := httptest.NewServer(registry.New(option, registry.Logger(log.New(io.Discard, "", 0))))
			defer server.Close()
			host := strings.TrimPrefix(server.URL, "http://")
			x86 := request(t, eif.X8664, "one")
			for tag, set := range map[string]Set{"one": buildAll(t, x86), "both": buildAll(t, x86, request(t, eif.ARM64, "one"))} {
				digest, err := set.Push(t.Context(), host+"/chamber:"+tag)
				if err != nil {
					t.Fatal(err)
				}
				wantPushed(t, host+"/chamber:"+tag, digest, set)
			}
		})
	}
	_, err := buildAll(t, request(t, eif.X8664, "one")).Push(t.Context(), "not a reference")
	wantError(t, err, "push", "not a reference")
}

func wantPushed(t *testing.T, reference string, digest v1.Hash, set Set) {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	descriptor, err := remote.Get(ref)
	if err != nil || descriptor.Digest != digest {
		t.Fatalf("%s is %v, %v; want %s", reference, descriptor, err, digest)
	}
	for _, b := range set.Images {
		image, err := b.Image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		referrers, err := remote.Referrers(ref.Context().Digest(image.String()))
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := referrers.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[string]bool{}
		for _, m := range manifest.Manifests {
			artifact, err := remote.Image(ref.Context().Digest(m.Digest.String()))
			if err != nil {
				t.Fatal(err)
			}
			kinds[wantSubject(t, artifact, image)] = true
		}
		if len(kinds) != 2 || !kinds[TypeSBOM] || !kinds[TypeProvenance] {
			t.Errorf("%s is referred to by %v", image, kinds)
		}
	}
}

// wantSubject returns the artifact's type.
func wantSubject(t *testing.T, artifact v1.Image, subject v1.Hash) string {
	t.Helper()
	manifest, err := artifact.Manifest()
	if err != nil || manifest.Subject == nil || manifest.Subject.Digest != subject {
		t.Errorf("the artifact's manifest is %+v (%v), want subject %s", manifest, err, subject)
	}
	layers, err := artifact.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	r, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if b, err := io.ReadAll(r); err != nil || !strings.HasPrefix(string(b), "{") {
		t.Errorf("the artifact has %.20q, %v", b, err)
	}
	return manifest.ArtifactType
}

func TestLayout(t *testing.T) {
	set := buildAll(t, request(t, eif.X8664, "one"), request(t, eif.ARM64, "one"))
	dir := filepath.Join(t.TempDir(), "layout")
	if err := set.WriteLayout(dir, reference); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 5 {
		t.Fatalf("%d manifests in the index, %v; want the index of two images, and two referrers of each", len(manifest.Manifests), err)
	}
	digest, err := set.Digest()
	if err != nil {
		t.Fatal(err)
	}
	first := manifest.Manifests[0]
	if first.Digest != digest || first.Annotations[annotationRef] != reference || first.Annotations[annotationContainerd] != reference {
		t.Errorf("the first is %+v, want %s as %s", first, digest, reference)
	}
	inner, err := index.ImageIndex(digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(inner); err != nil {
		t.Error(err)
	}
	wantError(t, set.WriteLayout(dir, reference), "layout", dir, "is not empty")
}

// TestArchive: the same file twice, and nothing else left behind.
func TestArchive(t *testing.T) {
	set := buildAll(t, request(t, eif.X8664, "one"))
	dir := t.TempDir()
	var sums [2][sha256.Size]byte
	for i := range sums {
		path := filepath.Join(dir, "chamber.tar")
		if err := set.WriteArchive(t.Context(), path, reference); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(b)
	}
	if sums[0] != sums[1] {
		t.Error("two archives of one image differ")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

// TestFolders: what a Dockerfile copies is what the layers have.
func TestFolders(t *testing.T) {
	b := build(t, request(t, eif.X8664, "one"))
	dir := t.TempDir()
	if err := b.Plan.WriteFolders(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	files, _ := contents(t, b.Image)
	seen := 0
	for _, l := range b.Plan.Layers {
		for _, f := range l.Files {
			path := filepath.Join(dir, l.Name, f.Path)
			info, err := os.Lstat(path)
			if err != nil || info.Mode()&(fs.ModePerm|fs.ModeSticky|fs.ModeType) != f.Mode {
				t.Errorf("%s in %s: %v, %v, want %v", f.Path, l.Name, info, err, f.Mode)
				continue
			}
			seen++
			if data, err := os.ReadFile(path); f.Mode.IsRegular() && (err != nil || string(data) != files[f.Path]) {
				t.Errorf("%s differs from the image's (%v)", path, err)
			}
		}
	}
	if seen < len(files) {
		t.Errorf("%d entries, the image has %d", seen, len(files))
	}
	wantError(t, b.Plan.WriteFolders(t.Context(), dir), "folders", dir, "is not empty")
}
