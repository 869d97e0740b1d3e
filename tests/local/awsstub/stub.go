package awsstub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

// Options say what a stand-in answers.
type Options struct {
	// Region is in the names of the services. Default us-east-1.
	Region string
	// Document reads the attestation document of a call to Decrypt and says whether its
	// enclave may have the plaintext: [Verified] or [Emulated]. Without it, calls with a
	// document are refused.
	Document func(raw []byte) (*attest.Document, error)
	// OnlyAttested refuses calls to Decrypt without a document, as the policy of an
	// AttestedKey does.
	OnlyAttested bool
	// Lifetime is how long credentials are valid. Default one hour.
	Lifetime time.Duration
}

// Stub is a running stand-in. Its methods may be called from several goroutines at once.
type Stub struct {
	options Options
	ca      *authority
	hosts   map[string]http.HandlerFunc

	tls, agent net.Listener
	servers    []*http.Server
	running    sync.WaitGroup

	mu          sync.Mutex
	requests    []Request
	connections map[string]int
	issued      map[string]string                // session token -> access key ID
	tokens      []string                         // in the order in which they were shown
	secrets     []string                         // that were given out
	ciphertexts map[string][]byte                // -> plaintext
	tables      map[string]map[string]attributes // table -> key -> item
}

// Start listens on two free ports of the loopback interface until Close is called.
func Start(ctx context.Context, o Options) (*Stub, error) {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Lifetime == 0 {
		o.Lifetime = time.Hour
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	s := &Stub{
		options: o, ca: ca, connections: map[string]int{}, issued: map[string]string{},
		ciphertexts: map[string][]byte{}, tables: map[string]map[string]attributes{},
	}
	s.hosts = map[string]http.HandlerFunc{
		s.Host("kms"): s.kms, s.Host("dynamodb"): s.dynamoDB, s.Host("sts"): s.sts,
	}
	var config net.ListenConfig
	if s.tls, err = config.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if s.agent, err = config.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(err, s.tls.Close())
	}
	s.ServeTLS(s.tls)
	s.ServeAgent(s.agent)
	return s, nil
}

// Host is the name of a service: kms, dynamodb or sts.
func (s *Stub) Host(service string) string {
	return service + "." + s.options.Region + ".amazonaws.com"
}

// Address is where the services listen, all behind one port.
func (s *Stub) Address() string { return s.tls.Addr().String() }

// AgentAddress is where the agent of EKS Pod Identity listens, which is 169.254.170.23:80
// on a node.
func (s *Stub) AgentAddress() string { return s.agent.Addr().String() }

// CA is the certificate of the services' authority, in PEM.
func (s *Stub) CA() []byte { return s.ca.pem }

// ServeTLS answers for the services on one more listener, which it closes in the end.
func (s *Stub) ServeTLS(l net.Listener) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: s.certificate}
	s.serve(tls.NewListener(l, config), http.HandlerFunc(s.route))
}

// ServeAgent answers as the agent on one more listener, which it closes in the end.
func (s *Stub) ServeAgent(l net.Listener) { s.serve(l, http.HandlerFunc(s.podIdentity)) }

func (s *Stub) serve(l net.Listener, handler http.Handler) {
	// Handshakes that fail are what some tests are about.
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(discard{}, "", 0)}
	s.mu.Lock()
	s.servers = append(s.servers, server)
	s.mu.Unlock()
	s.running.Go(func() { _ = server.Serve(l) })
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Close ends all connections.
func (s *Stub) Close() error {
	s.mu.Lock()
	servers := s.servers
	s.mu.Unlock()
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Close())
	}
	s.running.Wait()
	return errors.Join(errs...)
}

// certificate counts connections: each makes one handshake.
func (s *Stub) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := strings.ToLower(hello.ServerName)
	s.mu.Lock()
	s.connections[host]++
	s.mu.Unlock()
	if s.hosts[host] == nil {
		return nil, fmt.Errorf("%q is none of the services", host)
	}
	return s.ca.issue(host)
}

// route goes by the name of the handshake, which must be that of the request.
func (s *Stub) route(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(strings.TrimSuffix(r.Host, ":443"))
	if r.TLS == nil || host != r.TLS.ServerName || s.hosts[host] == nil {
		http.Error(w, "misdirected", http.StatusMisdirectedRequest)
		return
	}
	s.hosts[host](w, r)
}
