package tools

import (
	"archive/zip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadDownload(t *testing.T) {
	failed := errors.New("exit status 1")
	tests := map[string]struct {
		output string
		err    error
		want   string // part of the error
	}{
		"there":           {output: `{"Path": "x", "Version": "v1.0.0", "Zip": "/x.zip"}`},
		"newer Go":        {output: `{"Zip": "/x.zip", "Error": "x@v1.0.0 requires go >= 9.9 (running go 1.26)"}`, err: failed},
		"newer Go, alone": {output: `{"Error": "x@v1.0.0 requires go >= 9.9 (running go 1.26)"}`, err: failed, want: "no zip"},
		"not found":       {output: `{"Error": "x@v1.0.0: 404 Not Found"}`, err: failed, want: "404"},
		"failed":          {output: `{"Zip": "/x.zip"}`, err: failed, want: "exit status 1"},
		"wrong checksum":  {err: failed, want: "exit status 1"}, // go prints no JSON then
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := readDownload([]byte(tt.output), tt.err)
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestOpenZipHidesTheVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	entry, err := archive.Create("example.com/m@v1.2.3/dir/a.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write([]byte("a: b\n")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(archive.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	module, err := openZip(download{Path: "example.com/m", Version: "v1.2.3", Zip: path})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := fs.ReadFile(module, "dir/a.yaml"); err != nil || string(data) != "a: b\n" {
		t.Errorf("read %q, %v", data, err)
	}
	if _, err := fs.ReadFile(module, "dir/b.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading what is not there: %v", err)
	}
}
