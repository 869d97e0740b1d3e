package heartbeat

import (
	"log/slog"
	"net"
	"sync/atomic"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Gate lets one enclave in: every pod and enclave of the node can connect to the port of
// the heartbeat. CID and Logger are required.
type Gate struct {
	// CID is the enclave's, ID its name in the log.
	CID    uint32
	ID     string
	Logger *slog.Logger

	strangers atomic.Uint64
}

// Admit is for [Await]. It counts and logs those that it refuses.
func (g *Gate) Admit(c net.Conn) bool {
	cid, ok := transport.CID(c.RemoteAddr())
	if ok && cid == g.CID {
		return true
	}
	g.strangers.Add(1)
	g.Logger.Warn("closed a stranger's connection to the heartbeat's port",
		"enclave", g.ID, "remote", c.RemoteAddr().String(), "peer", g.CID)
	return false
}

// Strangers counts the connections that were refused.
func (g *Gate) Strangers() uint64 { return g.strangers.Load() }
