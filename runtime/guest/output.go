package guest

import (
	"fmt"
	"os"
)

// pipes are standard output and standard error.
type pipes struct{ readers, writers [2]*os.File }

func newPipes() (*pipes, error) {
	p := &pipes{}
	for i := range p.readers {
		var err error
		if p.readers[i], p.writers[i], err = os.Pipe(); err != nil {
			p.closeReaders()
			p.closeWriters()
			return nil, fmt.Errorf("making the payload's output: %w", err)
		}
	}
	return p, nil
}

// Closing what is closed, or was never opened, does nothing.
func (p *pipes) closeReaders() {
	for _, f := range p.readers {
		_ = f.Close()
	}
}

func (p *pipes) closeWriters() {
	for _, f := range p.writers {
		_ = f.Close()
	}
}
