// Package chambers has the tests of four supervisors on one node, each with an enclave of
// its own: they run in the guest of package vsock which has context ID 3. Outside of it
// `go test` runs none of them.
package chambers

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// guestVariable is set in guests.
const guestVariable = "VSOCK_TEST_GUEST"

// limit is for all that happens on the node, which takes half a minute.
const limit = 4 * time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(guestVariable) == "" {
		fmt.Println("these tests run in a guest of tests/vsock")
		return
	}
	os.Exit(m.Run())
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls until what is expected is there.
func eventually(ctx context.Context, t *testing.T, what string, there func() bool) {
	t.Helper()
	for !there() {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, ctx.Err())
		}
	}
}
