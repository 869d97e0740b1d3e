package heartbeat

import (
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/mdlayher/vsock"
)

// addressed is a connection that comes from somewhere.
type addressed struct {
	net.Conn
	from net.Addr
}

func (c addressed) RemoteAddr() net.Addr { return c.from }

func TestGate(t *testing.T) {
	var log strings.Builder
	g := Gate{CID: 16, ID: "i-1-enc1", Logger: slog.New(slog.NewTextHandler(&log, nil))}
	for _, c := range []struct {
		from net.Addr
		want bool
	}{
		{&vsock.Addr{ContextID: 16, Port: 1}, true},
		{&vsock.Addr{ContextID: 17, Port: 1}, false},
		{&vsock.Addr{ContextID: 3, Port: 1}, false},
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, false},
	} {
		if got := g.Admit(addressed{from: c.from}); got != c.want {
			t.Errorf("from %v: %v", c.from, got)
		}
	}
	if n := strings.Count(log.String(), "enclave=i-1-enc1"); g.Strangers() != 3 || n != 3 {
		t.Errorf("%d strangers were counted and %d logged", g.Strangers(), n)
	}
}
