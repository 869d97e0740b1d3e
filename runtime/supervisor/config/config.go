// Package config is the supervisor's configuration: the environment that runtime/contract
// names, and nothing else. What AWS's SDKs read is for package credentials.
package config

import (
	"path"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// Config is what the supervisor was told.
type Config struct {
	// Enclave is what to start: image, CPUs, memory, debug mode.
	Enclave launch.Request
	// Launcher is contract.LauncherNitro or contract.LauncherQEMU.
	Launcher string
	// QEMUDir has the programs of contract.LauncherQEMU, and is empty for the other.
	QEMUDir string
	// ConfigPath is the signer's configuration in the pod.
	ConfigPath string
	// Ports are those of the pod.
	Ports Ports
	// Drain is how long requests may finish.
	Drain time.Duration
	// Egress is what the enclave may reach: each endpoint once.
	Egress []egress.Endpoint
	// SocketsDir has the admin socket.
	SocketsDir string
	// Pod says where the supervisor runs, for logs and metrics. Each may be empty.
	Pod Pod
}

// Ports are TCP ports of the pod; the first three are vsock ports of the enclave too.
type Ports struct {
	API, TLS, Metrics uint16
	// Supervisor is that of the supervisor's own endpoints.
	Supervisor uint16
}

// Pod names a pod.
type Pod struct{ Name, Namespace, Node string }

// DefaultDrain is the drain where none is given: what the signer itself needs, and a
// little for connections to end by themselves.
const DefaultDrain = (contract.SignerDrainSeconds + 5) * time.Second

// Limits of numbers, beyond which they are mistakes.
const (
	maxCPUs      = 1024
	maxMemoryMiB = 16 << 20
	// minMemoryMiB is NE_MIN_ENCLAVE_MEM_SIZE of Linux's nitro_enclaves driver.
	minMemoryMiB = 64
	maxDrain     = 3600
)

// Load reads the configuration from the variables that getenv returns; an empty one
// counts as absent. Its error is a fault.List of all that is wrong. Nothing outside of
// the environment is looked at: a file that is not there is found by a preflight.
func Load(getenv func(string) string) (Config, error) {
	r := reader{getenv: getenv}
	c := Config{
		Enclave: launch.Request{
			Image:     r.path(contract.EnvEnclaveImage, contract.EnclaveImagePath),
			CPUs:      r.number(contract.EnvEnclaveCPUs, required, 1, maxCPUs, "give the number of the enclave's CPUs"),
			MemoryMiB: r.number(contract.EnvEnclaveMemoryMiB, required, minMemoryMiB, maxMemoryMiB, "give the enclave's memory in MiB"),
			Debug:     r.flag(contract.EnvDebug),
		},
		Launcher:   r.oneOf(contract.EnvLauncher, contract.LauncherNitro, contract.LauncherQEMU),
		ConfigPath: r.path(contract.EnvConfigPath, contract.ConfigDir+"/"+contract.ConfigFile),
		Ports:      r.ports(),
		Drain:      time.Duration(r.number(contract.EnvDrainSeconds, int(DefaultDrain.Seconds()), contract.SignerDrainSeconds, maxDrain, "the signer itself finishes requests for 25 seconds")) * time.Second,
		Egress:     r.egress(),
		SocketsDir: r.path(contract.EnvNitroSocketsPath, contract.SocketsDir),
		Pod: Pod{
			Name: getenv(contract.EnvPodName), Namespace: getenv(contract.EnvPodNamespace), Node: getenv(contract.EnvNodeName),
		},
	}
	c.QEMUDir = r.qemuDir(c.Launcher)
	return c, r.faults.Err()
}

// List is the allow-list of all endpoints.
func (c Config) List() (egress.List, error) {
	rules := make([]string, len(c.Egress))
	for i, e := range c.Egress {
		rules[i] = e.String()
	}
	return egress.ParseList(contract.EnvEgress, rules)
}

// AdminSocket is the path of the supervisor's own socket. It alone is needed to talk to
// a supervisor that runs.
func AdminSocket(getenv func(string) string) string {
	r := reader{getenv: getenv}
	return socketIn(r.path(contract.EnvNitroSocketsPath, contract.SocketsDir))
}

// AdminSocket is the path of the supervisor's own socket.
func (c Config) AdminSocket() string { return socketIn(c.SocketsDir) }

func socketIn(dir string) string { return path.Join(dir, contract.AdminSocket) }
