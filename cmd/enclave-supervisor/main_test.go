package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
)

// fakeLauncher starts nothing.
type fakeLauncher struct{ findings []launch.Finding }

func (l fakeLauncher) Preflight(context.Context, launch.Request) []launch.Finding { return l.findings }
func (l fakeLauncher) Launch(context.Context, launch.Request) (launch.Enclave, error) {
	return nil, errors.New("no CPUs are left")
}

// process is a program in a pod of its own.
type process struct {
	program
	vars           map[string]string
	stdout, stderr *bytes.Buffer
	launcher       *fakeLauncher
}

func newProcess(t *testing.T) *process {
	t.Helper()
	folder := t.TempDir()
	signerConfig := filepath.Join(folder, "config.json")
	if err := os.WriteFile(signerConfig, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, launcher: &fakeLauncher{}, vars: map[string]string{
		contract.EnvEnclaveCPUs: "2", contract.EnvEnclaveMemoryMiB: "512", contract.EnvConfigPath: signerConfig,
		contract.EnvNitroSocketsPath: folder,
	}}
	p.program = program{
		getenv: func(name string) string { return p.vars[name] }, stdout: p.stdout, stderr: p.stderr, version: "v1.2.3",
		launchers: map[string]newLauncher{contract.LauncherNitro: func(config.Config, *slog.Logger) (launch.Launcher, error) { return p.launcher, nil }},
		listen: func(ctx context.Context, _ uint16) (net.Listener, error) {
			var lc net.ListenConfig
			return lc.Listen(ctx, "tcp4", "127.0.0.1:0")
		},
	}
	return p
}

// want runs a command and compares how it ends.
func (p *process) want(t *testing.T, code int, stdout, stderr string, args ...string) {
	t.Helper()
	if got := p.main(contract.SupervisorPath, args); got != code {
		t.Errorf("%v ended with %d, not %d", args, got, code)
	}
	if !strings.Contains(p.stdout.String(), stdout) || !strings.Contains(p.stderr.String(), stderr) {
		t.Errorf("%v wrote %q and %q", args, p.stdout, p.stderr)
	}
}

func TestVersion(t *testing.T) { newProcess(t).want(t, 0, "v1.2.3\n", "", "version") }

func TestUnknownArgument(t *testing.T) {
	newProcess(t).want(t, supervisor.ExitInternal, "", "unknown command", "start")
}

func TestPreflight(t *testing.T) {
	newProcess(t).want(t, 0, "nothing stands in the way\n", "", "preflight")
	p := newProcess(t)
	p.launcher.findings = []launch.Finding{{Check: "device", Problem: "there is none", Cure: "use an enclave node"}}
	p.vars[contract.EnvConfigPath] = "/nowhere"
	p.want(t, 1, "device: there is none; use an enclave node\nconfig: ", "", "preflight")
}

// TestFaults: those of all that the environment is for, at once.
func TestFaults(t *testing.T) {
	p := newProcess(t)
	delete(p.vars, contract.EnvEnclaveCPUs)
	p.vars["AWS_ACCESS_KEY_ID"] = "AKIDSECRET"
	p.vars["AWS_REGION"], p.vars["AWS_ROLE_ARN"], p.vars["AWS_WEB_IDENTITY_TOKEN_FILE"] = "eu-west-1", "arn:aws:iam::123456789012:role/signer", "/token"
	for _, args := range [][]string{nil, {"preflight"}} {
		p.want(t, supervisor.ExitConfig, "", "CHAMBER_ENCLAVE_CPUS: is required", args...)
		for _, word := range []string{"AWS_ACCESS_KEY_ID: must not be set", "CHAMBER_EGRESS: does not have sts.eu-west-1.amazonaws.com:443"} {
			if !strings.Contains(p.stderr.String(), word) {
				t.Errorf("%q is not in %s", word, p.stderr)
			}
		}
		if strings.Contains(p.stderr.String(), "AKIDSECRET") {
			t.Error("a secret is shown")
		}
	}
}

func TestLauncherIsNotThere(t *testing.T) {
	p := newProcess(t)
	p.vars[contract.EnvLauncher], p.vars[contract.EnvQEMUDir] = contract.LauncherQEMU, "/opt/qemu"
	p.want(t, supervisor.ExitConfig, "", `this build has no launcher "qemu"`)
}

// TestRun: all of the log is JSON, and the exit code is the failure's.
func TestRun(t *testing.T) {
	p := newProcess(t)
	p.want(t, supervisor.ExitLaunch, "no CPUs are left", "")
	if p.stderr.Len() > 0 {
		t.Errorf("stderr has %s", p.stderr)
	}
	decoder := json.NewDecoder(p.stdout)
	for lines := 0; ; lines++ {
		var line struct{ Time, Level, Msg string }
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) && lines >= 3 {
			return
		}
		if err != nil || line.Time == "" || line.Level == "" || line.Msg == "" {
			t.Fatalf("line %d: %+v: %v", lines, line, err)
		}
	}
}

// fakeSupervisor notes that it was drained.
type fakeSupervisor struct {
	admin.Supervisor
	drained bool
}

func (s *fakeSupervisor) Drain(context.Context) error {
	s.drained = true
	return nil
}

func (s *fakeSupervisor) Describe(context.Context) (admin.Description, error) {
	return admin.Description{State: "ready", Enclave: &admin.Enclave{ID: "i-1-enc1", CID: 16, State: admin.EnclaveRunning}}, nil
}

func (s *fakeSupervisor) Attest(_ context.Context, a control.Attestation) ([]byte, error) {
	return slices.Concat(a.Nonce, a.UserData, a.PublicKey), nil
}

func (p *process) serve(t *testing.T, s admin.Supervisor) {
	t.Helper()
	listener, err := admin.Listen(t.Context(), config.AdminSocket(p.getenv))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(served)
		_ = admin.Serve(ctx, listener, s)
	}()
	t.Cleanup(func() {
		cancel()
		<-served
	})
}

func TestDrain(t *testing.T) {
	p := newProcess(t)
	p.want(t, supervisor.ExitInternal, "", "no supervisor is running here", contract.CommandDrain)
	s := &fakeSupervisor{}
	p.serve(t, s)
	p.want(t, 0, "", "", contract.CommandDrain)
	if !s.drained {
		t.Error("nothing was drained")
	}
}

func TestDescribe(t *testing.T) {
	p := newProcess(t)
	p.want(t, supervisor.ExitInternal, "", "no supervisor is running here", contract.CommandDescribe)
	p.serve(t, &fakeSupervisor{})
	p.want(t, 0, `"state": "ready"`, "", contract.CommandDescribe)
}

func TestAttest(t *testing.T) {
	p := newProcess(t)
	p.want(t, supervisor.ExitInternal, "", "no supervisor is running here", contract.CommandAttest, "--nonce", "00")
	p.serve(t, &fakeSupervisor{})
	p.want(t, 0, "AQID\n", "", contract.CommandAttest, "--nonce", "01", "--user-data", "02", "--public-key", "03")
	for want, args := range map[string][]string{
		"--nonce: is required": nil, "--nonce: write it in hexadecimal digits": {"--nonce", "xy"},
		"--user-data: write it in hexadecimal digits": {"--nonce", "01", "--user-data", "0"},
		"nonce (513 bytes): must be at most 512":      {"--nonce", strings.Repeat("00", 513)},
	} {
		newProcess(t).want(t, supervisor.ExitInternal, "", want, append([]string{contract.CommandAttest}, args...)...)
	}
}

// TestOtherName: the same binary is nitro-cli.
func TestOtherName(t *testing.T) {
	p := newProcess(t)
	p.serve(t, &fakeSupervisor{})
	if code := p.main(contract.NitroCLIPath, []string{"describe-enclaves"}); code != 0 || !strings.Contains(p.stdout.String(), `"EnclaveID": "i-1-enc1"`) {
		t.Errorf("code %d, %s, %s", code, p.stdout, p.stderr)
	}
}
