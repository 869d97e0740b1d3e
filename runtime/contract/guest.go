package contract

// What an enclave's kernel unpacks, as paths in its initial file system. The image
// builder writes them and the init inside reads them. Those without a remark are
// AWS's, so that their init finds what it looks for in our images too.
const (
	// GuestInitPath is the first program, in the bootstrap ramdisk (PCR1).
	GuestInitPath = "/init"
	// GuestModulePath is the driver of the security module, for kernels that have it
	// not built in. In the bootstrap ramdisk, optional.
	GuestModulePath = "/nsm.ko"
	// GuestRootPath is the payload's root, in the customer ramdisk (PCR2) like all
	// that follow.
	GuestRootPath = "/rootfs"
	// GuestCommandPath has the payload's command, one argument per line.
	GuestCommandPath = "/cmd"
	// GuestEnvPath has the payload's environment, one NAME=value per line.
	GuestEnvPath = "/env"
	// GuestSettingsPath has what AWS's format has no place for, a [GuestSettings] as
	// JSON. Ours; images of nitro-cli do not have it.
	GuestSettingsPath = "/settings.json"
	// GuestPolicyPath has what the host may set in the enclave, in the form of
	// runtime/guest/policy. Ours, and optional: that package has a default.
	GuestPolicyPath = "/policy.json"
)

// GuestWaiting is in the line that our init writes to the console once its control channel
// listens. A launcher may look for it; nothing else of the console has a meaning.
const GuestWaiting = "waiting for the bootstrap"

// GuestFolders are made in the payload's root when its image has them not: the init
// mounts something there. They are those of nitro-cli.
var GuestFolders = []string{"dev", "proc", "run", "sys", "tmp", "var"}

// GuestSettings say how the payload is started, beside its command and environment.
type GuestSettings struct {
	// User is the image's USER: a name or number, with an optional group after a
	// colon, to be looked up in the payload's /etc/passwd and /etc/group. Empty
	// means 0:0.
	User string `json:"user,omitempty"`
	// WorkingDir is the image's WORKDIR, absolute in the payload's root. Empty means
	// "/".
	WorkingDir string `json:"workingDir,omitempty"`
}
