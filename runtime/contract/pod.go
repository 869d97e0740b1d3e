package contract

// Files and folders in the chamber's pod. The image is FROM scratch: besides
// these paths there is the supervisor, the enclave image and CA certificates.
const (
	// SupervisorPath is the supervisor's binary, the image's entry point.
	SupervisorPath = "/usr/local/bin/enclave-supervisor"
	// ConfigDir is where the signer's configuration is mounted.
	ConfigDir = "/etc/containment-chamber"
	// ConfigFile is the key of the configuration Secret and the file below
	// ConfigDir. JSON is a subset of YAML, which is what the signer reads.
	ConfigFile = "config.json"
	// SocketsDir is where nitro-cli keeps a socket for each enclave
	// (NITRO_CLI_SOCKETS_PATH). It must be writable.
	SocketsDir = "/run/nitro_enclaves"
	// LogsDir is where nitro-cli writes its logs (NITRO_CLI_LOGS_PATH).
	LogsDir = "/var/log/nitro_enclaves"
	// TempDir is the only other writable folder.
	TempDir = "/tmp"
	// EnclaveImagePath is the enclave image in the pod's image.
	EnclaveImagePath = "/usr/share/containment-chamber/enclave.eif"
	// MeasurementsPath has the enclave image's measurements, beside it.
	MeasurementsPath = "/usr/share/containment-chamber/measurements.json"
	// NitroCLIPath is a second name of the supervisor's binary: called by it, it
	// answers as nitro-cli does.
	NitroCLIPath = "/usr/local/bin/nitro-cli"
	// AdminSocket is the supervisor's socket below SocketsDir, for its own commands:
	// drain, and what nitro-cli's name answers. Only its own user may connect.
	AdminSocket = "supervisor.sock"
	// TerminationLog is where kubelet reads why a container ended (its default
	// terminationMessagePath).
	TerminationLog = "/dev/termination-log"
)

// Environment of the supervisor: the pod spec sets it, the supervisor reads it.
const (
	// EnvEnclaveCPUs is the number of CPUs that the enclave is started with.
	EnvEnclaveCPUs = "CHAMBER_ENCLAVE_CPUS"
	// EnvEnclaveMemoryMiB is the enclave's memory in MiB.
	EnvEnclaveMemoryMiB = "CHAMBER_ENCLAVE_MEMORY_MIB"
	// EnvConfigPath is the path of the signer's configuration in the pod.
	EnvConfigPath = "CHAMBER_CONFIG_PATH"
	// EnvAPIPort is the TCP port and vsock port of the signing API.
	EnvAPIPort = "CHAMBER_API_PORT"
	// EnvTLSPort is the TCP port and vsock port of the signing API over TLS.
	EnvTLSPort = "CHAMBER_TLS_PORT"
	// EnvMetricsPort is the TCP port and vsock port of the signer's metrics.
	EnvMetricsPort = "CHAMBER_METRICS_PORT"
	// EnvSupervisorPort is the TCP port of the supervisor's own endpoints.
	EnvSupervisorPort = "CHAMBER_SUPERVISOR_PORT"
	// EnvDrainSeconds is how long the supervisor lets requests finish after it
	// has been told to end.
	EnvDrainSeconds = "CHAMBER_DRAIN_SECONDS"
	// EnvEgress is the list of endpoints that the enclave may reach, as
	// host:port separated by commas.
	EnvEgress = "CHAMBER_EGRESS"
	// EnvPodName, EnvPodNamespace and EnvNodeName tell the supervisor where it
	// runs, for its logs and metrics.
	EnvPodName      = "CHAMBER_POD_NAME"
	EnvPodNamespace = "CHAMBER_POD_NAMESPACE"
	EnvNodeName     = "CHAMBER_NODE_NAME"
	// EnvLauncher is the way in which the enclave is started: LauncherNitro, which is
	// the default, or LauncherQEMU.
	EnvLauncher = "CHAMBER_LAUNCHER"
	// EnvDebug starts the enclave in debug mode when it is "true". Default "false".
	EnvDebug = "CHAMBER_ENCLAVE_DEBUG"
	// EnvEnclaveImage is the path of the enclave image. Default EnclaveImagePath.
	EnvEnclaveImage = "CHAMBER_ENCLAVE_IMAGE"
	// EnvQEMUDir has the programs of LauncherQEMU: qemu-system-x86_64,
	// vhost-device-vsock and the folder firmware.
	EnvQEMUDir = "CHAMBER_QEMU_DIR"
	// EnvAWSRegion is read by the AWS SDKs in the enclave.
	EnvAWSRegion = "AWS_REGION"
	// EnvNitroSocketsPath and EnvNitroLogsPath are nitro-cli's own variables.
	EnvNitroSocketsPath = "NITRO_CLI_SOCKETS_PATH"
	EnvNitroLogsPath    = "NITRO_CLI_LOGS_PATH"
)

// The ways in which an enclave is started.
const (
	LauncherNitro = "nitro"
	LauncherQEMU  = "qemu"
)

// CommandDrain is the supervisor's argument in the preStop hook: it makes the
// running supervisor not ready and returns once the drain is over.
const CommandDrain = "drain"

// What is asked of the supervisor in a running pod, by `kubectl exec` and chamber status.
const (
	// CommandDescribe prints its state and its enclave as JSON.
	CommandDescribe = "describe"
	// CommandAttest prints an attestation document of the enclave in base64, for the
	// nonce that its flag --nonce has in hexadecimal digits.
	CommandAttest = "attest"
)

// Ports, TCP in the pod and vsock into the enclave. They are the signer's
// defaults; its metrics are always plain HTTP.
const (
	PortAPI        = 9000
	PortTLS        = 9443
	PortMetrics    = 3000
	PortSupervisor = 9090
)

// Names of the ports in the pod spec and the Service.
const (
	PortNameAPI        = "http"
	PortNameTLS        = "https"
	PortNameMetrics    = "metrics"
	PortNameSupervisor = "supervisor"
)

// Paths of the signer's HTTP API that probes use.
const (
	// PathUpcheck answers 200 as soon as the signer runs, also while sealed.
	PathUpcheck = "/upcheck"
	// PathHealthcheck answers 200 only while the signer can sign safely.
	PathHealthcheck = "/healthcheck"
	// PathMetrics serves Prometheus metrics.
	PathMetrics = "/metrics"
)

// Paths of the supervisor's own port, beside PathMetrics.
const (
	// PathLive answers 200 unless the supervisor has failed.
	PathLive = "/livez"
	// PathReady answers 200 while the enclave runs and answers, and the signer's
	// PathHealthcheck does too. From the moment on when the pod is told to end it does
	// not.
	PathReady = "/readyz"
)

// SignerDrainSeconds is how long the signer itself finishes requests after
// SIGTERM (upstream's upgrading page). A shorter drain would cut signatures.
const SignerDrainSeconds = 25

// Seconds around the drain. The pod's grace period covers all three.
const (
	// EndpointSeconds lets everybody hear that the pod is no longer ready, while it
	// still serves.
	EndpointSeconds = 10
	// TerminateSeconds is for ending the enclave after the drain.
	TerminateSeconds = 20
)

// User and groups of the supervisor.
const (
	// UserID and GroupID are the conventional "nonroot" of distroless images.
	UserID  = 65532
	GroupID = 65532
	// DeviceGroupID is the group that owns /dev/nitro_enclaves on our nodes.
	// AWS's package picks a free number for its group "ne" on every node, which
	// a pod spec cannot know; our user data hands the device to this one, and
	// the pod names it in supplementalGroups.
	DeviceGroupID = 64990
)

// ImageSuffix ends the tag of the image that has the supervisor and the enclave
// image in it: vX.Y.Z-nitro.
const ImageSuffix = "-nitro"

// DefaultImage is the repository of the upstream signer's images.
const DefaultImage = "ghcr.io/unforeseen-consequences/containment-chamber"
