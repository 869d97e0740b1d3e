package control

import (
	"io/fs"
	"time"
)

// State is where the guest is in its life.
type State string

// The states, in the order in which a guest goes through them.
const (
	// StateWaiting is a guest that has not been bootstrapped.
	StateWaiting State = "waiting"
	// StateRunning is one whose payload runs.
	StateRunning State = "running"
	// StateStopping is one whose payload has been told to end.
	StateStopping State = "stopping"
	// StateExited is one whose payload has ended; the enclave ends next.
	StateExited State = "exited"
)

// Bootstrap is what the parent gives to the guest, once.
type Bootstrap struct {
	// Token must come with every later call, as a bearer token.
	Token string `json:"token"`
	// Time is the parent's clock, a hint that the guest takes within bounds.
	Time time.Time `json:"time"`
	// Environment is added to that of the image.
	Environment map[string]string `json:"environment,omitempty"`
	// Files are written before the payload starts.
	Files []File `json:"files,omitempty"`
	// Egress says on which port of the parent each endpoint is reached.
	Egress []Egress `json:"egress,omitempty"`
}

// File is a file for the payload. It is replaced as a whole.
type File struct {
	// Path is absolute, as the payload sees it.
	Path string `json:"path"`
	// Content is base64 in JSON.
	Content []byte `json:"content"`
	// Mode has the permission bits alone; 0 means 0400. The payload's user owns it.
	Mode fs.FileMode `json:"mode,omitempty"`
}

// Egress is an endpoint that the payload may reach.
type Egress struct {
	// Host and Port are what the payload connects to.
	Host string `json:"host"`
	Port uint16 `json:"port"`
	// ParentPort is the vsock port on which the parent forwards to it.
	ParentPort uint32 `json:"parentPort"`
}

// Files is a later update of files.
type Files struct {
	Files []File `json:"files"`
}

// Status is what the guest says of itself. Before the bootstrap, and to a caller
// without the token, it has the state alone.
type Status struct {
	State State `json:"state"`
	// UptimeSeconds is the time since the kernel started.
	UptimeSeconds float64 `json:"uptimeSeconds,omitempty"`
	// Payload is nil before it was started.
	Payload *Payload `json:"payload,omitempty"`
	Memory  *Memory  `json:"memory,omitempty"`
	// PCRs are the registers of the NSM in hexadecimal, by index.
	PCRs map[string]string `json:"pcrs,omitempty"`
	// Debug is true in an enclave whose registers are all zero: whoever starts it
	// can read its memory.
	Debug bool `json:"debug,omitempty"`
	// RefusedBootstraps counts those after the first.
	RefusedBootstraps uint64 `json:"refusedBootstraps,omitempty"`
	// DroppedLogLines counts what the log buffer had no room for.
	DroppedLogLines uint64 `json:"droppedLogLines,omitempty"`
}

// Payload is the process that the image names.
type Payload struct {
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	// ExitCode is set once it has ended: its status, or 128 and the number of the
	// signal that ended it.
	ExitCode *int `json:"exitCode,omitempty"`
}

// Memory is that of the whole enclave, in bytes.
type Memory struct {
	Total     uint64 `json:"total"`
	Available uint64 `json:"available"`
}

// Attestation asks for a document of the NSM. All fields may be empty.
type Attestation struct {
	Nonce     []byte `json:"nonce,omitempty"`
	UserData  []byte `json:"userData,omitempty"`
	PublicKey []byte `json:"publicKey,omitempty"`
}

// Stop ends the payload: SIGTERM, and SIGKILL when the grace is over.
type Stop struct {
	GraceSeconds int `json:"graceSeconds"`
}

// Line is one line of the log stream, one JSON object for each line.
type Line struct {
	Time time.Time `json:"time"`
	// Stream is stdout or stderr of the payload, or guest.
	Stream string `json:"stream"`
	Text   string `json:"text"`
	// Dropped is how many lines before this one were lost.
	Dropped uint64 `json:"dropped,omitempty"`
}

// The streams of a Line.
const (
	StreamStdout = "stdout"
	StreamStderr = "stderr"
	StreamGuest  = "guest"
)
