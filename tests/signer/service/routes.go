package service

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+contract.PathUpcheck, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "OK"})
	})
	mux.HandleFunc("GET "+contract.PathHealthcheck, s.health)
	mux.HandleFunc("GET /api/v1/eth2/publicKeys", s.allowed(s.publicKeys))
	mux.HandleFunc("GET /eth/v1/keystores", s.allowed(s.keystores))
	mux.HandleFunc("POST /api/v1/eth2/sign/{key}", s.allowed(s.sign))
	mux.HandleFunc("GET /fixture/credentials", s.allowed(s.credentials))
	return mux
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // who has gone needs no answer
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"error": message})
}

// allowed asks for a token where there are any. It says whether there is none (401) or a
// wrong one (403).
func (s *Service) allowed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tokens := s.config.Fixture.Tokens
		shown, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case len(tokens) == 0 || ok && slices.ContainsFunc(tokens, func(t string) bool {
			return subtle.ConstantTimeCompare([]byte(t), []byte(shown)) == 1
		}):
			next(w, r)
		case !ok:
			s.metrics.authRejected()
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "a bearer token is needed")
		default:
			s.metrics.authRejected()
			refuse(w, http.StatusForbidden, "the token is not known")
		}
	}
}

func (s *Service) state() string {
	if s.unsealed.Load() {
		return "unsealed"
	}
	return "sealed"
}

func (s *Service) health(w http.ResponseWriter, _ *http.Request) {
	status, word := http.StatusOK, "UP"
	if !s.unsealed.Load() {
		status, word = http.StatusServiceUnavailable, "DOWN"
	}
	reply(w, status, map[string]string{"status": word, "state": s.state()})
}

// list returns the public keys in their order, none while sealed.
func (s *Service) list() []eth2.PublicKey {
	keys := []eth2.PublicKey{}
	if !s.unsealed.Load() {
		return keys
	}
	for key := range s.config.keys {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b eth2.PublicKey) int { return slices.Compare(a[:], b[:]) })
	return keys
}

func (s *Service) publicKeys(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, s.list())
}

// keystores is of the key manager API.
func (s *Service) keystores(w http.ResponseWriter, _ *http.Request) {
	type keystore struct {
		Key      eth2.PublicKey `json:"validating_pubkey"`
		Path     string         `json:"derivation_path"`
		ReadOnly bool           `json:"readonly"`
	}
	data := []keystore{}
	for _, key := range s.list() {
		data = append(data, keystore{Key: key, ReadOnly: true})
	}
	reply(w, http.StatusOK, map[string]any{"data": data})
}

// credentials says which access key is in use, so that a test sees a rotation.
func (s *Service) credentials(w http.ResponseWriter, r *http.Request) {
	if s.cloud == nil {
		refuse(w, http.StatusNotFound, "this signer makes no calls to AWS")
		return
	}
	identity, err := s.cloud.Identity(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	reply(w, http.StatusOK, identity)
}
