package chambers

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// log is what a supervisor has written.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes what the supervisor writes.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	if l == nil {
		return "(never started)"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// line is one of the log.
type line struct {
	Time time.Time `json:"time"`
	Msg  string    `json:"msg"`
	Port uint32    `json:"port"`
}

// lines are those with a message.
func (l *log) lines(msg string) (found []line) {
	for text := range strings.Lines(l.String()) {
		var one line
		if json.Unmarshal([]byte(text), &one) == nil && one.Msg == msg {
			found = append(found, one)
		}
	}
	return found
}

func (l *log) has(msg string) bool { return len(l.lines(msg)) > 0 }
