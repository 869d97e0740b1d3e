package metrics

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// StartsFile counts the starts of the container. Kubernetes keeps an emptyDir for as long
// as the pod lives, whatever happens to its containers.
const StartsFile = contract.TempDir + "/supervisor-starts"

// CountStart counts this start in a file and returns how many there were before. A file
// that cannot be read counts as none; the error says so, and need not stop anything.
func CountStart(path string) (before int, err error) {
	before, readErr := readStarts(path)
	if err := writeStarts(path, before+1); err != nil {
		return before, fmt.Errorf("counting the starts of the container: %w", errors.Join(readErr, err))
	}
	return before, readErr
}

func readStarts(path string) (int, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the starts of the container: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s has no number of starts: %.20q", path, content)
	}
	return n, nil
}

// writeStarts replaces the file, so that an end in between leaves the old one.
func writeStarts(path string, n int) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = file.WriteString(strconv.Itoa(n) + "\n")
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}
