package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// ErrUnavailable is the reason when this machine cannot build what was asked for:
// no Debian, or packages missing and no right to install them.
var ErrUnavailable = errors.New("not available on this machine")

// Say writes a line of progress.
type Say = func(format string, args ...any)

// Require sees to it that packages of the machine's own release are installed, and
// returns "name version" of each. What is missing is installed when this is root;
// else the error says what to install.
func Require(ctx context.Context, say Say, names ...string) ([]string, error) {
	if runtime.GOARCH != "amd64" {
		return nil, fmt.Errorf("%w: what is pinned here is for x86_64, and this is %s", ErrUnavailable, runtime.GOARCH)
	}
	if _, err := release("/etc/os-release"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	versions, missing, err := installed(ctx, names)
	if err != nil || len(missing) == 0 {
		return versions, err
	}
	list := strings.Join(missing, " ")
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: Debian packages are missing; as root: apt-get install --no-install-recommends %s", ErrUnavailable, list)
	}
	say("installing %s", list)
	if err := install(ctx, missing); err != nil {
		return nil, err
	}
	versions, missing, err = installed(ctx, names)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("apt-get has not installed %s", strings.Join(missing, " "))
	}
	return versions, err
}

func install(ctx context.Context, names []string) error {
	for _, args := range [][]string{
		{"update", "-qq"},
		append([]string{"install", "-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600"}, names...),
	} {
		cmd := exec.CommandContext(ctx, "apt-get", args...) //nolint:gosec // names of this module
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if _, err := output(cmd); err != nil {
			return err
		}
	}
	return nil
}

// installed asks dpkg. It fails when it does not know a package, and answers for the
// others all the same.
func installed(ctx context.Context, names []string) (versions, missing []string, err error) {
	args := append([]string{"-W", "-f", "${Package} ${db:Status-Status} ${Version}\n"}, names...)
	out, err := output(exec.CommandContext(ctx, "dpkg-query", args...)) //nolint:gosec // names of this module
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return nil, nil, err
	}
	versions, missing = readStatus(out, names)
	return versions, missing, nil
}

func readStatus(out string, names []string) (versions, missing []string) {
	known := map[string]string{}
	for line := range strings.SplitSeq(out, "\n") {
		if fields := strings.Fields(line); len(fields) == 3 && fields[1] == "installed" {
			known[fields[0]] = fields[2]
		}
	}
	for _, name := range names {
		if known[name] == "" {
			missing = append(missing, name)
			continue
		}
		versions = append(versions, name+" "+known[name])
	}
	return versions, missing
}
