package transport

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxOK is the longest answer: "OK 4294967295\n".
const maxOK = len("OK 4294967295\n")

// readOK reads the monitor's answer "OK <port>\n". It reads byte by byte, for what
// follows the line belongs to the guest's program. A stream that ends instead means
// that nobody listens in the guest.
func readOK(r io.Reader) (uint32, error) {
	line := make([]byte, 0, maxOK)
	for len(line) < maxOK {
		next := line[len(line) : len(line)+1]
		if _, err := io.ReadFull(r, next); err != nil {
			return 0, endOfAnswer(line, err)
		}
		if next[0] == '\n' {
			return parseOK(string(line))
		}
		line = line[:len(line)+1]
	}
	return 0, malformed(line)
}

// endOfAnswer keeps io.EOF only where no answer was begun.
func endOfAnswer(line []byte, err error) error {
	if len(line) > 0 && errors.Is(err, io.EOF) {
		return malformed(line)
	}
	return err
}

func parseOK(line string) (uint32, error) {
	digits, ok := strings.CutPrefix(line, "OK ")
	if !ok {
		return 0, malformed([]byte(line))
	}
	port, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, malformed([]byte(line))
	}
	return uint32(port), nil
}

func malformed(line []byte) error { return fmt.Errorf("%w: %q", ErrHandshake, line) }
