package realnode

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// InstalledProfile is the seccomp profile that user data writes on a node, cut out of
// the script that the components' tests compare with what the code makes.
func InstalledProfile() ([]byte, error) {
	root, err := tools.ModuleRoot()
	if err != nil {
		return nil, err
	}
	script, err := os.ReadFile(filepath.Join(filepath.Dir(root), "components", "internal", "userdata", "testdata", "direct.golden"))
	if err != nil {
		return nil, err
	}
	_, rest, begin := bytes.Cut(script, []byte("cat >\"$SECCOMP_PROFILE\" <<'PROFILE'\n"))
	profile, _, end := bytes.Cut(rest, []byte("\nPROFILE\n"))
	if !begin || !end || !json.Valid(profile) {
		return nil, errors.New("the user data holds no seccomp profile where it used to")
	}
	return profile, nil
}
