package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// requestTimeout is for one request, so that a cluster which cannot be reached is
// not waited for.
const requestTimeout = 30 * time.Second

// clusterFlags say which cluster is meant.
type clusterFlags struct {
	kubeconfig string
	context    string
}

func (f *clusterFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "path of the kubeconfig; by default as kubectl finds it")
	flags.StringVar(&f.context, "context", "", "context of the kubeconfig; by default the one in use")
}

// cluster is the way to a cluster.
type cluster struct {
	// config has no timeout: it is for streams too.
	config *rest.Config
	core   client.CoreV1Interface
	// namespace is the context's.
	namespace string
}

// cluster reaches it as kubectl would, with programs that fetch credentials, such as aws
// eks get-token.
func (f clusterFlags) cluster() (cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: f.context}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return cluster{}, errors.New("there is no kubeconfig: name one with --kubeconfig or in KUBECONFIG")
	}
	if err != nil {
		return cluster{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return cluster{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.UserAgent = rest.DefaultKubernetesUserAgent()
	config.QPS = -1 // requests come one after the other, or a few at once
	config.WarningHandler = rest.NoWarnings{}
	requests := rest.CopyConfig(config)
	requests.Timeout = requestTimeout
	core, err := client.NewForConfig(requests)
	if err != nil {
		return cluster{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return cluster{config: config, core: core, namespace: namespace}, nil
}
