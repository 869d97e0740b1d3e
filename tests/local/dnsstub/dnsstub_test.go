package dnsstub

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestServe asks with Go's own resolver, as the supervisor does.
func TestServe(t *testing.T) {
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- Serve(conn, map[string]netip.Addr{"kms.example.com": netip.MustParseAddr("192.0.2.7")})
	}()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	for _, name := range []string{"kms.example.com.", "KMS.example.com."} {
		got, err := resolver.LookupHost(t.Context(), name)
		if diff := cmp.Diff([]string{"192.0.2.7"}, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	var missing *net.DNSError
	if _, err := resolver.LookupHost(t.Context(), "other.example.com."); !errors.As(err, &missing) || !missing.IsNotFound {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := respond([]byte("nonsense"), nil); err == nil {
		t.Error("nonsense is answered")
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
