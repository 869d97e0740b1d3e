package eif

import (
	"context"
	"errors"
	"io"
	"sync"
)

// chunkSize is how much of a section is in memory at a time: enough that starting a
// goroutine for it costs nothing against hashing it.
const chunkSize = 1 << 20

// errSize says that content is not as long as it said.
var errSize = errors.New("its size changed while it was read")

// pump reads exactly n bytes and gives every chunk to all sinks, each in a goroutine
// of its own, since hashing is what takes the time.
func pump(ctx context.Context, r io.Reader, n int64, buffer []byte, sinks []io.Writer) error {
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		chunk := buffer[:min(n, int64(len(buffer)))]
		if _, err := io.ReadFull(r, chunk); err != nil {
			if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
				err = errSize
			}
			return err
		}
		if err := writeAll(chunk, sinks); err != nil {
			return err
		}
		n -= int64(len(chunk))
	}
	return atEnd(r)
}

// atEnd checks that nothing follows.
func atEnd(r io.Reader) error {
	var b [1]byte
	switch n, err := io.ReadFull(r, b[:]); {
	case n > 0:
		return errSize
	case err != io.EOF:
		return err
	}
	return nil
}

func writeAll(chunk []byte, sinks []io.Writer) error {
	if len(sinks) == 0 {
		return nil
	}
	errs := make([]error, len(sinks))
	var others sync.WaitGroup
	for i, sink := range sinks[1:] {
		others.Go(func() { _, errs[i+1] = sink.Write(chunk) })
	}
	_, errs[0] = sinks[0].Write(chunk)
	others.Wait()
	return errors.Join(errs...)
}
