package chamber

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Token is a service account token in form: a JSON web token that says who it is for.
// Nobody verifies its signature.
func Token(name string) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"RS256","typ":"JWT"}`) + "." + part(`{"sub":"`+name+`"}`) + "." + part("signature of "+name)
}

// projected is a projected volume with one file.
type projected struct{ dir, file string }

// write replaces the content as kubelet does (k8s.io/kubernetes, pkg/volume/util,
// AtomicWriter): a new folder, a new link to it, renamed over the old one.
func (p projected) write(content string) error {
	folder := time.Now().UTC().Format("..2006_01_02_15_04_05.000000000")
	if err := os.MkdirAll(filepath.Join(p.dir, folder), 0o755); err != nil { //nolint:gosec // a pod's user reads it
		return err
	}
	if err := os.WriteFile(filepath.Join(p.dir, folder, p.file), []byte(content), 0o644); err != nil { //nolint:gosec // a pod's user reads it
		return err
	}
	link := filepath.Join(p.dir, "..data")
	old, _ := os.Readlink(link) // there is none the first time
	if err := os.Symlink(folder, link+"_tmp"); err != nil {
		return err
	}
	if err := os.Rename(link+"_tmp", link); err != nil {
		return err
	}
	if old == "" {
		return os.Symlink(filepath.Join("..data", p.file), filepath.Join(p.dir, p.file))
	}
	if err := os.RemoveAll(filepath.Join(p.dir, old)); err != nil {
		return fmt.Errorf("removing the old token: %w", err)
	}
	return nil
}
