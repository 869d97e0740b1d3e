// Package inside has the tests that run in guests of package vsock: as the parent
// instance, with context ID 3, and as a stranger. Outside of a guest there is nothing for
// them to talk to, and `go test` runs none of them.
package inside

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// GuestVariable is set in guests.
const guestVariable = "VSOCK_TEST_GUEST"

// limit is for one test.
const limit = 40 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(guestVariable) == "" {
		fmt.Println("these tests run in the guests of tests/vsock")
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
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, ctx.Err())
		}
	}
}
