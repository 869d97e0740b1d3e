package tools

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// download is what `go mod download -json` says of a module.
type download struct {
	Path, Version, Zip, Error string
}

// ModuleFS returns the files of a module that the go.mod of a folder below
// tests/tools requires. They come from the module cache, checked against the
// folder's go.sum.
//
// The module may ask for a newer Go than the one that runs: go refuses to load
// such a module, but only after it has downloaded and checked it, and nothing of
// it is compiled here.
func ModuleFS(ctx context.Context, folder, module string) (fs.FS, error) {
	root, err := ModuleRoot()
	if err != nil {
		return nil, err
	}
	cmd := goCommand(ctx, filepath.Join(root, "tools", folder), "mod", "download", "-json", module)
	cmd.Env = append(cmd.Env, "GOTOOLCHAIN=local") // no other Go is to be downloaded for it
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	runErr := cmd.Run()
	found, err := readDownload(stdout.Bytes(), runErr)
	if err != nil {
		return nil, fmt.Errorf("downloading %s for %s: %w\n%s", module, cmd.Dir, err, strings.TrimSpace(stderr.String()))
	}
	return openZip(found)
}

// readDownload decides whether the module is there. A failure is none when the
// module's demand for a newer Go is its only reason.
func readDownload(output []byte, runErr error) (download, error) {
	var found download
	if err := json.Unmarshal(output, &found); err != nil {
		return found, errors.Join(runErr, fmt.Errorf("reading what go says: %w", err))
	}
	if found.Error != "" && !strings.Contains(found.Error, " requires go >= ") {
		return found, errors.New(found.Error)
	}
	if found.Error == "" && runErr != nil {
		return found, runErr
	}
	if found.Zip == "" {
		return found, errors.New("go names no zip")
	}
	return found, nil
}

func openZip(found download) (fs.FS, error) {
	data, err := os.ReadFile(found.Zip)
	if err != nil {
		return nil, fmt.Errorf("reading %s from the module cache: %w", found.Path, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", found.Zip, err)
	}
	return fs.Sub(archive, found.Path+"@"+found.Version)
}
