package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// mirrors are where this machine gets Debian from.
type mirrors struct{ archive, security string }

// of returns the mirror of a suite.
func (m mirrors) of(suite string) string {
	if strings.HasSuffix(suite, "-security") {
		return m.security
	}
	return m.archive
}

// findMirrors asks apt for its sources. The suites that are needed here need not be
// among them: a mirror has all of them.
func findMirrors(ctx context.Context) (mirrors, error) {
	codename, err := release("/etc/os-release")
	if err != nil {
		return mirrors{}, err
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return mirrors{}, err
	}
	// Without release info also sources are listed of which nothing was fetched yet.
	out, err := output(exec.CommandContext(ctx, "apt-get", "indextargets", "--no-release-info",
		"--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"))
	if err != nil {
		return mirrors{}, err
	}
	return readMirrors(out, codename)
}

// readMirrors picks the mirrors from lines of site, release and component.
func readMirrors(targets, codename string) (mirrors, error) {
	var m mirrors
	for line := range strings.SplitSeq(targets, "\n") {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "main" {
			continue
		}
		switch fields[1] {
		case codename:
			m.archive = fields[0]
		case codename + "-security":
			m.security = fields[0]
		}
	}
	if m.archive == "" || m.security == "" {
		return m, fmt.Errorf("apt's sources lack main of %s or of %s-security: no mirror to take packages from", codename, codename)
	}
	return m, nil
}

// errNotDebian is a machine whose packages are others.
var errNotDebian = errors.New("this machine is no Debian")

// release reads the codename of the Debian release from os-release(5).
func release(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNotDebian, err)
	}
	values := map[string]string{}
	for line := range strings.SplitSeq(string(data), "\n") {
		name, value, _ := strings.Cut(line, "=")
		values[name] = strings.Trim(value, `"`)
	}
	if values["ID"] != "debian" || values["VERSION_CODENAME"] == "" {
		return "", fmt.Errorf("%w but %s %s", errNotDebian, values["ID"], values["VERSION_CODENAME"])
	}
	return values["VERSION_CODENAME"], nil
}

// output runs a command and returns what it prints; its complaints are in the error.
func output(cmd *exec.Cmd) (string, error) {
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[:min(2, len(cmd.Args))], " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
