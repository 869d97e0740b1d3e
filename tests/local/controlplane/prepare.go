package controlplane

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// starting is a control plane on its way up.
type starting struct {
	*ControlPlane
	opts     Options
	token    string
	api      int // ports
	etcdPeer int
	etcd     int
}

// errRunning is a folder that is in use.
var errRunning = errors.New("a control plane runs already")

func prepare(opts Options) (*starting, error) {
	cp := At(opts.Dir)
	for name, pid := range cp.Processes() {
		if pid != 0 {
			return nil, fmt.Errorf("%w in %s (%s is process %d)", errRunning, opts.Dir, name, pid)
		}
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	s := &starting{ControlPlane: cp, opts: opts, api: ports[0], etcd: ports[1], etcdPeer: ports[2]}
	for _, sub := range []string{"certs", "processes", "bin", "etcd"} {
		if err := os.RemoveAll(filepath.Join(opts.Dir, sub)); err != nil {
			return nil, fmt.Errorf("clearing old state: %w", err)
		}
		if err := os.MkdirAll(filepath.Join(opts.Dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("creating the state folder: %w", err)
		}
	}
	return s, s.writeFiles()
}

func (s *starting) writeFiles() (err error) {
	if s.token, err = writeToken(s.path("certs", "tokens.csv")); err != nil {
		return err
	}
	if err := writeAccountKey(s.path("certs", "sa.key"), s.path("certs", "sa.pub")); err != nil {
		return err
	}
	if err := s.writeKwok(); err != nil {
		return err
	}
	return writeKubectl(s.Kubectl(), s.opts.KubeOne, s.Kubeconfig)
}

func (s *starting) path(elements ...string) string {
	return filepath.Join(append([]string{s.Dir}, elements...)...)
}

// freePorts asks the system for ports on the loopback interface. It holds all
// of them until it has enough, so that they differ.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func loopback(scheme string, port int) string {
	return scheme + "://127.0.0.1:" + strconv.Itoa(port)
}
