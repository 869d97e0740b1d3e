package machines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml"
)

// Server starts guests for other guests.
type Server struct {
	// Network is that of the guests.
	Network *uml.Network
	// Images are what can be started, by name. A caller adds to their environment.
	Images map[string]uml.Options

	mu     sync.Mutex
	guests map[uint32]*uml.Guest
}

// Serve answers the guest with this context ID until the context ends, which is also
// the end of all guests that were started.
func (s *Server) Serve(ctx context.Context, cid uint32) error {
	listener, err := s.Network.Link(cid).Listen(ctx, Port)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.handler(ctx), ReadHeaderTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Adopt lets a guest that was not started here be seen and killed by others.
func (s *Server) Adopt(cid uint32, guest *uml.Guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guests == nil {
		s.guests = map[uint32]*uml.Guest{}
	}
	s.guests[cid] = guest
}

// handler serves /guests/<cid>: PUT starts one, and with ?owned ends it with the call,
// DELETE kills it, GET tells how it is, and with ?wait waits for its end first.
func (s *Server) handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /guests/{cid}", func(w http.ResponseWriter, r *http.Request) {
		g, err := s.put(ctx, r)
		if err == nil && r.FormValue("owned") != "" {
			own(w, r, g)
			return
		}
		reply(w, State{}, err)
	})
	mux.HandleFunc("DELETE /guests/{cid}", func(w http.ResponseWriter, r *http.Request) {
		g, err := s.find(r.PathValue("cid"))
		if err != nil {
			reply(w, State{}, err)
			return
		}
		g.Kill()
		reply(w, state(g), nil)
	})
	mux.HandleFunc("GET /guests/{cid}", func(w http.ResponseWriter, r *http.Request) {
		g, err := s.find(r.PathValue("cid"))
		if err != nil {
			reply(w, State{}, err)
			return
		}
		if r.FormValue("wait") != "" {
			_ = g.Wait(r.Context()) // what it says is said by state as well
		}
		reply(w, state(g), nil)
	})
	return mux
}

// put reads the whole body: before its end, net/http does not notice a caller who goes.
func (s *Server) put(ctx context.Context, r *http.Request) (*uml.Guest, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var env []string
	if err := json.Unmarshal(data, &env); err != nil {
		return nil, err
	}
	return s.start(ctx, r.PathValue("cid"), r.FormValue("image"), env)
}

// own says that the guest was started, and how it ends. A caller who goes takes it along,
// as a process does with an enclave.
func own(w http.ResponseWriter, r *http.Request, g *uml.Guest) {
	_ = http.NewResponseController(w).Flush()
	select {
	case <-g.Done():
	case <-r.Context().Done():
		g.Kill()
	}
	reply(w, state(g), nil)
}

func (s *Server) start(ctx context.Context, number, image string, env []string) (*uml.Guest, error) {
	cid, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return nil, err
	}
	o, ok := s.Images[image]
	if !ok {
		return nil, fmt.Errorf("there is no image %q, only %q", image, slices.Sorted(maps.Keys(s.Images)))
	}
	o.Env = append(o.Env[:len(o.Env):len(o.Env)], env...)
	g, err := s.Network.Start(ctx, uint32(cid), o)
	if err != nil {
		return nil, err
	}
	s.Adopt(uint32(cid), g)
	return g, nil
}

func (s *Server) find(number string) (*uml.Guest, error) {
	cid, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.guests[uint32(cid)]; g != nil {
		return g, nil
	}
	return nil, fmt.Errorf("no guest with the context ID %d was started", cid)
}

func state(g *uml.Guest) State {
	select {
	case <-g.Done():
	default:
		return State{Console: g.Console()}
	}
	s := State{Ended: true, Console: g.Console()}
	if err := g.Err(); err != nil {
		s.Error = err.Error()
	}
	return s
}

func reply(w http.ResponseWriter, s State, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(s) // the caller has gone; nobody is left to be told
}
