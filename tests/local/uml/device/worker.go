package device

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// worker runs a queue until it is stopped.
type worker struct {
	kick, call *os.File
	stopped    chan struct{}
	running    sync.WaitGroup
}

// startWorker works when the guest kicks and, for the receive queue, when there is
// something to receive. fail is told why it has ended before it was stopped.
func startWorker(r *ring, kick, call *os.File, wake chan struct{}, work func(*ring) (bool, error), fail func(error)) *worker {
	w := &worker{kick: kick, call: call, stopped: make(chan struct{})}
	w.running.Go(func() {
		for count := make([]byte, 8); ; {
			if _, err := kick.Read(count); err != nil {
				return
			}
			signal(wake)
		}
	})
	w.running.Go(func() {
		for {
			pushed, err := work(r)
			if err == nil && pushed && r.wantsCall() {
				_, err = call.Write(binary.NativeEndian.AppendUint64(nil, 1))
			}
			if err != nil {
				// A guest that is lost closes its ends one after the other: the pipe may be
				// broken while the session still seems to be there.
				if !errors.Is(err, fs.ErrClosed) && !errors.Is(err, syscall.EPIPE) {
					fail(err)
				}
				return
			}
			select {
			case <-wake:
			case <-w.stopped:
				return
			}
		}
	})
	return w
}

func (w *worker) stop() {
	close(w.stopped)
	_, _ = w.kick.Close(), w.call.Close()
	w.running.Wait()
}

// openFile makes a descriptor of the driver's a file that can be waited for and closed.
func openFile(fd int, name string) *os.File {
	_ = unix.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), name)
}
