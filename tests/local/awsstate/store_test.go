package awsstate_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

const typ = "aws:ec2/launchTemplate:LaunchTemplate"

func TestLoadOfNothingIsEmpty(t *testing.T) {
	t.Parallel()
	got, err := awsstate.Load(filepath.Join(t.TempDir(), "aws.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := &awsstate.State{Resources: map[string]awsstate.Resource{}, Clusters: map[string]awsstate.Cluster{}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "aws.json")
	r := awsstate.Resource{
		URN: "urn:x", Type: typ, ID: "lt-1",
		Inputs:  map[string]any{"name": "a", "tags": map[string]any{"k": "v"}},
		Outputs: map[string]any{"latestVersion": 1.0},
	}
	c := awsstate.Cluster{Name: "local", Endpoint: "https://127.0.0.1:1", CertificateAuthority: "Q0E=", Kubeconfig: "{}"}
	if err := awsstate.Seed(path, c); err != nil {
		t.Fatal(err)
	}
	if err := awsstate.Open(path).Update(func(s *awsstate.State) error { s.Put(r); return nil }); err != nil {
		t.Fatal(err)
	}
	got, err := awsstate.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]awsstate.Resource{r}, got.OfType(typ)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(c, got.Clusters["local"]); d != "" {
		t.Error(d)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
}

func TestFailedUpdateWritesNothing(t *testing.T) {
	t.Parallel()
	path, boom := filepath.Join(t.TempDir(), "aws.json"), errors.New("boom")
	err := awsstate.Open(path).Update(func(s *awsstate.State) error {
		s.Put(awsstate.Resource{Type: typ, ID: "lt-1"})
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v, want %v", err, boom)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

func TestBrokenFileIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "aws.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := awsstate.Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

// TestConcurrentWritersAndReaders: no update is lost, and no reader sees half a file.
func TestConcurrentWritersAndReaders(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 20
	dir := t.TempDir()
	path := awsstate.Path(dir)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			store := awsstate.Open(path)
			for i := range each {
				id := fmt.Sprintf("lt-%d-%d", w, i)
				err := store.Update(func(s *awsstate.State) error { s.Put(awsstate.Resource{Type: typ, ID: id}); return nil })
				if err != nil {
					t.Error(err)
				}
				if _, err := store.Load(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s, err := awsstate.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(s.OfType(typ)); got != writers*each {
		t.Errorf("%d resources, want %d", got, writers*each)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 { // the account and its lock
		t.Errorf("files left behind: %v", files)
	}
}

func TestFromEnvNeedsTheVariable(t *testing.T) {
	t.Setenv(awsstate.DirEnv, "")
	if _, err := awsstate.FromEnv(); err == nil || !strings.Contains(err.Error(), awsstate.DirEnv) {
		t.Errorf("got %v, want an error that names %s", err, awsstate.DirEnv)
	}
}
