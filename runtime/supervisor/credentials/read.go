package credentials

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// MaxTokenBytes bounds a token file. A token of EKS has one to two thousand bytes.
const MaxTokenBytes = 64 << 10

// tokenMode is that of a token in the enclave, whose payload owns it.
const tokenMode = 0o400

// Read reads all token files as they are now. An empty file is an error: kubelet never
// writes one. Errors have the path and never the content.
func (s Set) Read() ([]control.File, error) {
	files := make([]control.File, 0, len(s.Files))
	for _, path := range s.Files {
		content, err := readToken(path)
		if errors.Is(err, fs.ErrNotExist) {
			content, err = readToken(path) // kubelet removed the folder that the link led to
		}
		if err != nil {
			return nil, fmt.Errorf("reading the token %s: %w", path, err)
		}
		files = append(files, control.File{Path: path, Content: content, Mode: tokenMode})
	}
	return files, nil
}

func readToken(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, MaxTokenBytes+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case len(content) == 0:
		return nil, errors.New("it is empty")
	case len(content) > MaxTokenBytes:
		return nil, fmt.Errorf("it has more than %d bytes", MaxTokenBytes)
	}
	return content, nil
}

// withoutPath is for an error whose path is named by the caller.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
