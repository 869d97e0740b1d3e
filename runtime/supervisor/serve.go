package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

// Time limits of the supervisor's own endpoints.
const (
	headerTimeout = 5 * time.Second
	callTimeout   = 15 * time.Second
	idleTimeout   = time.Minute
)

// serve answers on the supervisor's port and on its admin socket until stop is called.
func (s *Supervisor) serve(ctx context.Context) (stop func(), err error) {
	l, err := s.Listen(ctx, s.Config.Ports.Supervisor)
	if err != nil {
		return nil, failure(ExitInternal, err, "port %d of the pod cannot be opened", s.Config.Ports.Supervisor)
	}
	socket, err := admin.Listen(ctx, s.Config.AdminSocket())
	if err != nil {
		_ = l.Close()
		return nil, failure(ExitInternal, err, "the folder %s must be writable", s.Config.SocketsDir)
	}
	server := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: callTimeout, WriteTimeout: callTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	// Not the caller's context: whoever drains is told when that is over.
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	all.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.Log.Error("the supervisor's port has failed", "error", err)
		}
	})
	all.Go(func() {
		if err := admin.Serve(serving, socket, s); err != nil {
			s.Log.Error("the admin socket has failed", "error", err)
		}
	})
	return func() {
		cancel()
		_ = server.Close()
		all.Wait()
	}, nil
}

func (s *Supervisor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+contract.PathLive, s.livez)
	mux.HandleFunc("GET "+contract.PathReady, s.readyz)
	mux.Handle("GET "+contract.PathMetrics, s.Metrics.Handler())
	return mux
}
