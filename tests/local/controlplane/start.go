package controlplane

import (
	"context"
	"fmt"
	"os"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
)

func (s *starting) run(name string, args ...string) error {
	return s.processes().Start(process.Spec{Name: name, Path: s.opts.KubeOne, Args: append([]string{name}, args...)})
}

// startAPI starts etcd and the apiserver and waits until it answers. The
// apiserver makes its own certificate at start; it is the authority that the
// kubeconfig trusts.
func (s *starting) startAPI(ctx context.Context) error {
	if err := s.startEtcd(); err != nil {
		return err
	}
	if err := s.startAPIServer(); err != nil {
		return err
	}
	authority, err := s.awaitCertificate(ctx)
	if err != nil {
		return err
	}
	if err := writeKubeconfig(s.Kubeconfig, loopback("https", s.api), authority, s.token); err != nil {
		return err
	}
	client, err := s.Client()
	if err != nil {
		return err
	}
	return s.wait(ctx, apiserver, "the apiserver to be ready", func(ctx context.Context) (bool, error) {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, nil
	})
}

func (s *starting) startEtcd() error {
	client, peer := loopback("http", s.etcd), loopback("http", s.etcdPeer)
	return s.run(etcd, "--data-dir", s.path("etcd"),
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--initial-cluster", "default="+peer, "--unsafe-no-fsync", "--log-level", "warn")
}

func (s *starting) startAPIServer() error {
	return s.run(apiserver, append([]string{
		"--etcd-servers", loopback("http", s.etcd),
		"--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1",
		"--secure-port", strconv.Itoa(s.api), "--cert-dir", s.path("certs"),
		"--service-cluster-ip-range", "10.96.0.0/16",
		"--service-account-key-file", s.path("certs", "sa.pub"),
		"--service-account-signing-key-file", s.path("certs", "sa.key"),
		"--service-account-issuer", "https://kubernetes.default.svc",
		"--token-auth-file", s.path("certs", "tokens.csv"), "--authorization-mode", "Node,RBAC",
		"--endpoint-reconciler-type", "none", "--allow-privileged=true", "--profiling=false",
	}, s.opts.APIServerArgs...)...)
}

func (s *starting) startControllers(context.Context) error {
	kubeconfig := []string{
		"--kubeconfig", s.Kubeconfig,
		"--authentication-kubeconfig", s.Kubeconfig, "--authorization-kubeconfig", s.Kubeconfig,
		"--bind-address", "127.0.0.1", "--secure-port", "0", "--leader-elect=false",
	}
	err := s.run(controllerManager, append(kubeconfig,
		"--use-service-account-credentials=false", "--root-ca-file", s.path("certs", "apiserver.crt"),
		"--service-account-private-key-file", s.path("certs", "sa.key"))...)
	if err != nil {
		return err
	}
	if err := s.run(scheduler, kubeconfig...); err != nil {
		return err
	}
	return s.startKwok()
}

// awaitDefaultAccount waits for the controller manager's first work. Before it,
// no pod is admitted.
func (s *starting) awaitDefaultAccount(ctx context.Context) error {
	client, err := s.Client()
	if err != nil {
		return err
	}
	return s.wait(ctx, controllerManager, "the default service account", func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}

func (s *starting) awaitCertificate(ctx context.Context) (authority []byte, err error) {
	err = s.wait(ctx, apiserver, "the apiserver's certificate", func(context.Context) (bool, error) {
		authority, _ = os.ReadFile(s.path("certs", "apiserver.crt"))
		return len(authority) > 0, nil
	})
	return authority, err
}

// Client returns a client with the administrator's rights.
func (c *ControlPlane) Client() (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 200, 400
	return kubernetes.NewForConfig(config)
}
