package device

import (
	"errors"
	"io"
	"time"
)

// write hands what was received to this process.
func (c *conn) write() {
	for {
		data, ok := c.received()
		if !ok {
			_ = c.inner.CloseWrite()
			return
		}
		if _, err := c.inner.Write(data); err != nil {
			c.send(opShutdown, noReceive, nil)
			return
		}
		c.mu.Lock()
		c.forwarded += uint32(len(data))
		update := c.forwarded-c.told >= window/4
		c.mu.Unlock()
		if update {
			c.send(opCreditUpdate, 0, nil)
		}
	}
}

// received waits for data; false means that no more comes.
func (c *conn) received() ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.data) == 0 && !c.finished && !c.aborted {
		c.changed.Wait()
	}
	if len(c.data) == 0 {
		return nil, false
	}
	data := c.data[0]
	c.data = c.data[1:]
	return data, true
}

// read sends what this process writes.
func (c *conn) read() {
	for {
		room := c.room()
		if room == 0 {
			return
		}
		data := make([]byte, min(room, maxData))
		n, err := c.inner.Read(data)
		if n > 0 {
			c.mu.Lock()
			c.sent += uint32(n)
			c.mu.Unlock()
			c.send(opData, 0, data[:n])
		}
		if errors.Is(err, io.EOF) {
			c.send(opShutdown, noSend, nil)
		}
		if err != nil {
			return
		}
	}
}

// stopReading ends the wait for more to send once nobody takes it. It is called with the
// connection locked.
func (c *conn) stopReading() {
	if c.unread {
		_ = c.inner.SetReadDeadline(time.Unix(1, 0))
	}
}

// room waits until the guest can take data; 0 means that it never will again.
func (c *conn) room() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		// The counters go round, and their difference does not mind.
		onItsWay := c.sent - c.taken
		switch {
		case c.unread || c.aborted:
			return 0
		case onItsWay < c.allocated:
			return int(c.allocated - onItsWay)
		}
		c.changed.Wait()
	}
}
