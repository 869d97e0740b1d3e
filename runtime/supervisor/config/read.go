package config

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// required marks a number without a default.
const required = -1

// reader reads variables and collects what is wrong with them.
type reader struct {
	getenv func(string) string
	faults fault.List
}

func (r *reader) number(name string, otherwise, least, most int, wayOut string) int {
	text := r.getenv(name)
	if text == "" && otherwise != required {
		return otherwise
	}
	if text == "" {
		r.faults.Add(name, nil, "is required", wayOut)
		return least
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		r.faults.Add(name, text, fmt.Sprintf("must be a whole number from %d to %d", least, most), wayOut)
		return least
	}
	return n
}

func (r *reader) flag(name string) bool {
	switch text := r.getenv(name); text {
	case "", "false":
		return false
	case "true":
		return true
	default:
		r.faults.Add(name, text, "must be true or false", "leave it out for false")
		return false
	}
}

// oneOf has the default first.
func (r *reader) oneOf(name string, values ...string) string {
	text := r.getenv(name)
	if text == "" {
		return values[0]
	}
	if !slices.Contains(values, text) {
		r.faults.Add(name, text, "must be one of "+strings.Join(values, ", "), "leave it out for "+values[0])
	}
	return text
}

func (r *reader) path(name, otherwise string) string {
	text := r.getenv(name)
	if text == "" {
		return otherwise
	}
	if !path.IsAbs(text) {
		r.faults.Add(name, text, "must be an absolute path", "the default is "+otherwise)
	}
	return path.Clean(text)
}

// ports reads the four ports, of which no two may be the same.
func (r *reader) ports() Ports {
	taken := map[uint16]string{}
	read := func(name string, otherwise int) uint16 {
		port := uint16(r.number(name, otherwise, 1, 65535, "the default is "+strconv.Itoa(otherwise))) //nolint:gosec // at most 65535
		if first, ok := taken[port]; ok {
			r.faults.Add(name, int(port), "is the port of "+first+" too", "give each a port of its own")
		}
		taken[port] = name
		return port
	}
	return Ports{
		API: read(contract.EnvAPIPort, contract.PortAPI), TLS: read(contract.EnvTLSPort, contract.PortTLS),
		Metrics: read(contract.EnvMetricsPort, contract.PortMetrics), Supervisor: read(contract.EnvSupervisorPort, contract.PortSupervisor),
	}
}

// egress reads the list of endpoints. A pattern is refused: the enclave has no resolver
// but its /etc/hosts, where each name has an address of its own, so that an endpoint has
// to be known by its name.
func (r *reader) egress() []egress.Endpoint {
	text := r.getenv(contract.EnvEgress)
	if text == "" {
		return nil
	}
	var list []egress.Endpoint
	for i, item := range strings.Split(text, ",") {
		property := fmt.Sprintf("%s[%d]", contract.EnvEgress, i)
		item = strings.TrimSpace(item)
		if strings.HasPrefix(item, "*") {
			r.faults.Add(property, item, "is a pattern, and the enclave can only be given hosts by name", "list each host that it needs")
			continue
		}
		endpoint, err := egress.ParseEndpoint(property, item)
		r.faults.Join(property, err)
		if err == nil && !slices.Contains(list, endpoint) {
			list = append(list, endpoint)
		}
	}
	if len(list) > control.MaxEgress {
		r.faults.Add(contract.EnvEgress, len(list), fmt.Sprintf("has more than %d endpoints", control.MaxEgress), "leave out what the signer does not use")
	}
	return list
}

func (r *reader) qemuDir(launcher string) string {
	dir := r.getenv(contract.EnvQEMUDir)
	switch {
	case launcher != contract.LauncherQEMU:
		return ""
	case dir == "":
		r.faults.Add(contract.EnvQEMUDir, nil, "is required with "+contract.EnvLauncher+"="+contract.LauncherQEMU, "name the folder that has qemu-system-x86_64")
	case !path.IsAbs(dir):
		r.faults.Add(contract.EnvQEMUDir, dir, "must be an absolute path", "")
	}
	return dir
}
