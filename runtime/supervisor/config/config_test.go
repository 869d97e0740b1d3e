package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

func from(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestDefaults(t *testing.T) {
	got, err := Load(from(map[string]string{contract.EnvEnclaveCPUs: "2", contract.EnvEnclaveMemoryMiB: "512"}))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Enclave:    launch.Request{Image: contract.EnclaveImagePath, CPUs: 2, MemoryMiB: 512},
		Launcher:   contract.LauncherNitro,
		ConfigPath: "/etc/containment-chamber/config.json",
		Ports:      Ports{API: 9000, TLS: 9443, Metrics: 3000, Supervisor: 9090},
		Drain:      30 * time.Second,
		SocketsDir: "/run/nitro_enclaves",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.AdminSocket() != "/run/nitro_enclaves/supervisor.sock" {
		t.Errorf("admin socket %s", got.AdminSocket())
	}
}

func TestAllGiven(t *testing.T) {
	got, err := Load(from(map[string]string{
		contract.EnvEnclaveCPUs: "4", contract.EnvEnclaveMemoryMiB: "2048", contract.EnvDebug: "true",
		contract.EnvEnclaveImage: "/images/x.eif", contract.EnvLauncher: "qemu", contract.EnvQEMUDir: "/opt/qemu",
		contract.EnvConfigPath: "/etc/signer.json", contract.EnvAPIPort: "19000", contract.EnvTLSPort: "19443",
		contract.EnvMetricsPort: "13000", contract.EnvSupervisorPort: "19090", contract.EnvDrainSeconds: "60",
		contract.EnvEgress:           "KMS.eu-west-1.amazonaws.com.:443, 169.254.170.23:80,kms.eu-west-1.amazonaws.com:443",
		contract.EnvNitroSocketsPath: "/tmp/sockets/",
		contract.EnvPodName:          "signer-0", contract.EnvPodNamespace: "signers", contract.EnvNodeName: "node-1",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Enclave:    launch.Request{Image: "/images/x.eif", CPUs: 4, MemoryMiB: 2048, Debug: true},
		Launcher:   "qemu",
		QEMUDir:    "/opt/qemu",
		ConfigPath: "/etc/signer.json",
		Ports:      Ports{API: 19000, TLS: 19443, Metrics: 13000, Supervisor: 19090},
		Drain:      time.Minute,
		Egress:     []egress.Endpoint{{Host: "kms.eu-west-1.amazonaws.com", Port: 443}, {Host: "169.254.170.23", Port: 80}},
		SocketsDir: "/tmp/sockets",
		Pod:        Pod{Name: "signer-0", Namespace: "signers", Node: "node-1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	list, err := got.List()
	if err != nil || !list.Allows(want.Egress[0]) || list.Allows(egress.Endpoint{Host: "example.com", Port: 443}) {
		t.Errorf("allow-list %v: %v", list, err)
	}
}

// TestFaults: all at once, each with its variable, value, rule and way out.
func TestFaults(t *testing.T) {
	_, err := Load(from(map[string]string{
		contract.EnvEnclaveMemoryMiB: "lots", contract.EnvDebug: "1", contract.EnvLauncher: "docker",
		contract.EnvConfigPath: "config.json", contract.EnvAPIPort: "9443", contract.EnvMetricsPort: "70000",
		contract.EnvDrainSeconds: "5", contract.EnvEgress: "*.example.com:443,db.example.com,,ok.example.com:1",
	}))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"CHAMBER_ENCLAVE_CPUS: is required; give the number of the enclave's CPUs",
		`CHAMBER_ENCLAVE_MEMORY_MIB ("lots"): must be a whole number from 64 to`,
		`CHAMBER_ENCLAVE_DEBUG ("1"): must be true or false; leave it out for false`,
		`CHAMBER_LAUNCHER ("docker"): must be one of nitro, qemu; leave it out for nitro`,
		`CHAMBER_CONFIG_PATH ("config.json"): must be an absolute path`,
		"CHAMBER_TLS_PORT (9443): is the port of CHAMBER_API_PORT too",
		`CHAMBER_METRICS_PORT ("70000"): must be a whole number from 1 to 65535; the default is 3000`,
		`CHAMBER_DRAIN_SECONDS ("5"): must be a whole number from 25 to 3600`,
		`CHAMBER_EGRESS[0] ("*.example.com:443"): is a pattern, and the enclave can only be given hosts by name; list each host`,
		`CHAMBER_EGRESS[1] ("db.example.com"): must have the form host:port`,
		`CHAMBER_EGRESS[2] (""): must have the form host:port`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("lacks %q", want)
		}
	}
	if n := strings.Count(err.Error(), "\n  - "); n != 11 {
		t.Errorf("%d faults:\n%v", n, err)
	}
}

func TestQEMUNeedsItsPrograms(t *testing.T) {
	vars := map[string]string{contract.EnvEnclaveCPUs: "2", contract.EnvEnclaveMemoryMiB: "512", contract.EnvLauncher: "qemu"}
	if _, err := Load(from(vars)); err == nil || !strings.Contains(err.Error(), "CHAMBER_QEMU_DIR: is required with CHAMBER_LAUNCHER=qemu") {
		t.Errorf("without: %v", err)
	}
	vars[contract.EnvQEMUDir] = "qemu"
	if _, err := Load(from(vars)); err == nil || !strings.Contains(err.Error(), "CHAMBER_QEMU_DIR") {
		t.Errorf("relative: %v", err)
	}
}

func TestTooManyEndpoints(t *testing.T) {
	var hosts []string
	for i := range 65 {
		hosts = append(hosts, "h"+strconv.Itoa(i)+".example.com:443")
	}
	_, err := Load(from(map[string]string{
		contract.EnvEnclaveCPUs: "2", contract.EnvEnclaveMemoryMiB: "512", contract.EnvEgress: strings.Join(hosts, ","),
	}))
	if err == nil || !strings.Contains(err.Error(), "CHAMBER_EGRESS (65): has more than 64 endpoints") {
		t.Error(err)
	}
}

// TestReadsTheContract: each CHAMBER_* variable that the contract names is read, and no
// other. Beside them there is nitro-cli's folder of sockets.
func TestReadsTheContract(t *testing.T) {
	read := map[string]bool{}
	_, _ = Load(func(name string) string {
		read[name] = true
		return ""
	})
	want := append(variables(t), contract.EnvNitroSocketsPath)
	slices.Sort(want)
	var got []string
	for name := range read {
		got = append(got, name)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the contract's variables and those that are read (-want +got):\n%s", diff)
	}
}

// variables are the values of the contract's constants that begin with CHAMBER_.
func variables(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../contract/pod.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if value, err := strconv.Unquote(literal.Value); err == nil && strings.HasPrefix(value, "CHAMBER_") {
				names = append(names, value)
			}
		}
		return true
	})
	if len(names) < 10 {
		t.Fatalf("found only %v", names)
	}
	return names
}
