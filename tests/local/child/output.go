package child

import (
	"strings"
	"sync"
)

// maxOutput bounds what is kept of a program that does not stop talking.
const maxOutput = 4 << 20

// output keeps the first megabytes of what a process writes.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write never fails: a full buffer must not stop the program.
func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(data[:min(len(data), maxOutput-o.text.Len())])
	return len(data), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
