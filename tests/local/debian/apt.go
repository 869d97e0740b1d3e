package debian

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// keyring is what Debian's own suites are signed with, from the package
// debian-archive-keyring, which is essential to apt.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// apt is a private configuration of apt in a folder of its own.
type apt struct{ dir string }

// newApt makes the folder's configuration for the pins' suites and fetches their
// package lists: about 11 MB for sid, below 1 MB for the others.
func newApt(ctx context.Context, dir string, m mirrors, pins []Pin) (apt, error) {
	a := apt{dir}
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "empty", "files"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return a, err
		}
	}
	for name, text := range map[string]string{
		"status": "", "sources.list": sources(m, pins), "apt.conf": settings(dir),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return a, err
		}
	}
	return a, a.run(ctx, "-o", "APT::Update::Error-Mode=any", "update")
}

// sources is a sources.list(5) with what the pins need.
func sources(m mirrors, pins []Pin) string {
	var text strings.Builder
	for _, p := range pins {
		kind := "deb"
		if p.Source {
			kind = "deb-src"
		}
		line := fmt.Sprintf("%s [signed-by=%s] %s %s main\n", kind, keyring, m.of(p.Suite), p.Suite)
		if !strings.Contains(text.String(), line) {
			text.WriteString(line)
		}
	}
	return text.String()
}

// settings is an apt.conf(5) that is read after the machine's: its proxies stay, its
// sources and hooks go.
func settings(dir string) string {
	return strings.ReplaceAll(`Dir::State "DIR/state";
Dir::State::status "DIR/status";
Dir::Cache "DIR/cache";
Dir::Etc::sourcelist "DIR/sources.list";
Dir::Etc::sourceparts "DIR/empty";
Dir::Etc::preferences "DIR/status";
Dir::Etc::preferencesparts "DIR/empty";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`, "DIR", dir)
}

// download fetches the pin's file and returns its path. That apt has checked the
// signatures is no reason not to compare digests afterwards.
func (a apt) download(ctx context.Context, p Pin) (string, error) {
	args := []string{"download", p.Package + "=" + p.Version}
	if p.Source {
		args = []string{"source", "--download-only", "--tar-only", p.Package + "=" + p.Version}
	}
	if err := a.run(ctx, args...); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(a.dir, "files", p.Package+"_*"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("apt-get has left %d files of %s, want one", len(files), p.Package)
	}
	return files[0], nil
}

// offered lists the versions of a package in the fetched lists.
func (a apt) offered(ctx context.Context, p Pin) string {
	cmd := exec.CommandContext(ctx, "apt-cache", "-c", filepath.Join(a.dir, "apt.conf"), "madison", p.Package)
	out, err := output(cmd)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out)
}

func (a apt) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-c", filepath.Join(a.dir, "apt.conf"), "-qq"}, args...)...) //nolint:gosec // pins
	cmd.Dir = filepath.Join(a.dir, "files")
	if _, err := output(cmd); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return nil
}
