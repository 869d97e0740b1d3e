package control

import (
	"context"
	"io"
	"net/http"
)

// trustKey is where the context of a connection has what marks it.
type trustKey struct{}

// WithTrust makes the context of a connection, for http.Server's ConnContext. The handler
// calls mark with true once the connection has shown the token, and while its bootstrap
// is applied; with false when that was refused after all.
func WithTrust(ctx context.Context, mark func(trusted bool)) context.Context {
	return context.WithValue(ctx, trustKey{}, mark)
}

func trust(r *http.Request, yes bool) {
	if mark, ok := r.Context().Value(trustKey{}).(func(bool)); ok {
		mark(yes)
	}
}

// stranger makes the answer the connection's last: without the token there is no reason
// to keep one.
func stranger(w http.ResponseWriter) { w.Header().Set("Connection", "close") }

// drain reads what a refused caller sends, so that it gets to read the answer. It keeps
// nothing of it.
func drain(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, MaxBodyBytes))
}
