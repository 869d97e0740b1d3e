package imagebuild

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

var amd64 = platform(eif.X8664)

// forARM64 is the same image, for another architecture.
func forARM64(t *testing.T, img v1.Image) v1.Image {
	t.Helper()
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.Architecture = "arm64"
	other, err := mutate.ConfigFile(img, config)
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// multi is an index with an image for each architecture.
func multi(t *testing.T, img v1.Image) v1.ImageIndex {
	t.Helper()
	add := func(img v1.Image, architecture string) mutate.IndexAddendum {
		return mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}}}
	}
	return mutate.AppendManifests(empty.Index, add(img, "amd64"), add(forARM64(t, img), "arm64"))
}

func identity(t *testing.T, img v1.Image) string {
	t.Helper()
	h, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// serve starts a registry on loopback and returns its host.
func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestResolveRegistry(t *testing.T) {
	img := image(t, nil)
	index := multi(t, img)
	host := serve(t)
	tag, err := name.NewTag(host + "/team/signer:v1.5.0")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{tag.String(), host + "/team/signer@" + digest.String()} {
		r, err := resolve(t.Context(), reference, amd64)
		if err != nil {
			t.Fatal(err)
		}
		if identity(t, r.Image) != identity(t, img) {
			t.Errorf("%s: not the image for amd64", reference)
		}
		if r.name != "signer" {
			t.Errorf("%s: name %q", reference, r.name)
		}
		if diff := cmp.Diff([]string{host + "/team/signer@" + digest.String()}, r.digests); diff != "" {
			t.Error(diff)
		}
		if byTag := reference == tag.String(); byTag != (r.version == "v1.5.0") || byTag != (len(r.tags) == 1) {
			t.Errorf("%s: version %q, tags %v", reference, r.version, r.tags)
		}
	}
	if _, err := resolve(t.Context(), host+"/team/absent:v1", amd64); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("got %v", err)
	}
}

// TestBuildFromRegistry records what the tag was resolved to.
func TestBuildFromRegistry(t *testing.T) {
	img := image(t, map[string]string{"app/signer": "x"})
	host := serve(t)
	tag, err := name.NewTag(host + "/team/signer:v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, t.TempDir())
	r.Image = tag.String()
	fromRegistry := build(t, r)
	im, err := eif.OpenFile(r.Output)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = im.Close() }()
	m, err := im.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`"RepoDigests":["%s/team/signer@%s"],"RepoTags":["%s/team/signer:v1"]`, host, digest, host)
	if !strings.Contains(string(m.DockerInfo), want) || m.ImageName != "signer" || m.ImageVersion != "v1" {
		t.Errorf("got %s %s, %s; want %s", m.ImageName, m.ImageVersion, m.DockerInfo, want)
	}
	r.Image = writeLayout(t, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img}))
	if diff := cmp.Diff(fromRegistry.Measurements, build(t, r).Measurements); diff != "" {
		t.Errorf("the same image from elsewhere measures otherwise:\n%s", diff)
	}
}

// TestResolveRegistryWithCredentials reads them where docker keeps them.
func TestResolveRegistryWithCredentials(t *testing.T) {
	open := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "me" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		open.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	if _, err := resolve(t.Context(), host+"/signer:v1", amd64); err == nil || !strings.Contains(strings.ToLower(err.Error()), "unauthorized") {
		t.Errorf("got %v", err)
	}
	write(t, filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(`{"auths":{"`+host+`":{"username":"me","password":"secret"}}}`))
	if _, err := resolve(t.Context(), host+"/signer:v1", amd64); err == nil || strings.Contains(strings.ToLower(err.Error()), "unauthorized") {
		t.Errorf("credentials are not used: %v", err)
	}
}

func TestResolveTarball(t *testing.T) {
	img := image(t, nil)
	path := filepath.Join(t.TempDir(), "image.tar")
	tag, err := name.NewTag("example.com/team/signer:v2")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(path, tag, img); err != nil {
		t.Fatal(err)
	}
	r, err := resolve(t.Context(), path, amd64)
	if err != nil {
		t.Fatal(err)
	}
	if identity(t, r.Image) != identity(t, img) || r.name != "signer" || r.version != "v2" || r.digests != nil {
		t.Errorf("%+v", r)
	}
	two := filepath.Join(t.TempDir(), "two.tar")
	other, err := name.NewTag("example.com/other:v2")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.MultiWriteToFile(two, map[name.Tag]v1.Image{tag: img, other: forARM64(t, img)}); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		two: "has 2 images", write(t, filepath.Join(t.TempDir(), "x"), []byte("text")): "is no tarball of docker save",
	} {
		if _, err := resolve(t.Context(), file, amd64); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func writeLayout(t *testing.T, index v1.ImageIndex) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	if _, err := layout.Write(dir, index); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestResolveLayout(t *testing.T) {
	img := image(t, nil)
	nested := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: multi(t, img), Descriptor: v1.Descriptor{
		Annotations: map[string]string{annotationName: "example.com/signer:v3"},
	}})
	r, err := resolve(t.Context(), writeLayout(t, nested), amd64)
	if err != nil {
		t.Fatal(err)
	}
	if identity(t, r.Image) != identity(t, img) || r.version != "v3" || len(r.digests) != 1 {
		t.Errorf("%+v", r)
	}
	twice := mutate.AppendManifests(multi(t, img), mutate.IndexAddendum{Add: image(t, map[string]string{"other": ""})})
	single := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: forARM64(t, img)})
	for want, index := range map[string]v1.ImageIndex{
		"has no image for the platform linux/amd64":          empty.Index,
		"has 2 images for linux/amd64":                       twice,
		"is for linux/arm64 and not for linux/amd64; give -": single,
	} {
		if _, err := resolve(t.Context(), writeLayout(t, index), amd64); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestLayoutIsChecked changes a blob without changing its name.
func TestLayoutIsChecked(t *testing.T) {
	img := image(t, nil)
	manifest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	for what, digest := range map[string]v1.Hash{"manifest": manifest, "configuration": config} {
		dir := writeLayout(t, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img}))
		blob := filepath.Join(dir, "blobs", digest.Algorithm, digest.Hex)
		write(t, blob, append(readFile(t, blob), ' '))
		if _, err := resolve(t.Context(), dir, amd64); err == nil || !strings.Contains(err.Error(), "its "+what+" has digest") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestResolveNothing(t *testing.T) {
	if _, err := resolve(t.Context(), "Not a Reference", amd64); err == nil || !strings.Contains(err.Error(), "neither a file, nor a folder in OCI layout") {
		t.Errorf("got %v", err)
	}
}
