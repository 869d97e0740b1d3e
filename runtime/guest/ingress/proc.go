package ingress

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// stateListen is TCP_LISTEN in the kernel's tables (include/net/tcp_states.h).
const stateListen = "0A"

// reachable are the addresses by which 127.0.0.1 reaches a socket, as the kernel writes
// them: words of 32 bits in the machine's byte order, which is little-endian on both
// architectures of enclaves.
var reachable = map[string]bool{
	"00000000":                         true, // 0.0.0.0
	"0100007F":                         true, // 127.0.0.1
	"00000000000000000000000000000000": true, // ::
	"0000000000000000FFFF000000000000": true, // ::ffff:0.0.0.0
	"0000000000000000FFFF00000100007F": true, // ::ffff:127.0.0.1
}

// Listening reads the kernel's tables. To dial would be simpler, and would give the
// payload connections that say nothing.
func Listening() (map[uint16]bool, error) {
	ports := map[uint16]bool{}
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		table, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && file == "/proc/net/tcp6" { // a kernel without IPv6
			continue
		}
		if err != nil {
			return nil, err
		}
		addListening(ports, string(table))
	}
	return ports, nil
}

func addListening(ports map[uint16]bool, table string) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != stateListen {
			continue
		}
		address, digits, _ := strings.Cut(fields[1], ":")
		if port, err := strconv.ParseUint(digits, 16, 16); err == nil && reachable[address] {
			ports[uint16(port)] = true
		}
	}
}
