package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// cluster is the connection to the apiserver, made when it is first needed:
// previews have to work without one.
type cluster struct {
	config  config
	connect func() (*clients, error)
}

type clients struct {
	dynamic   dynamic.Interface
	discovery discovery.DiscoveryInterface
	mapper    *restmapper.DeferredDiscoveryRESTMapper
}

func newCluster(c config) *cluster {
	return &cluster{config: c, connect: sync.OnceValues(func() (*clients, error) { return connect(c) })}
}

func connect(c config) (*clients, error) {
	if c.unknown {
		return nil, fmt.Errorf("the kubeconfig is not known yet")
	}
	settings, err := restConfig(c)
	if err != nil {
		return nil, err
	}
	settings.QPS, settings.Burst = 120, 240 // as the real provider
	settings.Timeout = 30 * time.Second     // of one request; nothing is watched
	settings.WarningHandler = rest.NoWarnings{}
	dynamicClient, err := dynamic.NewForConfig(settings)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	discoveryClient, err := discovery.NewDiscoveryClientForConfig(settings)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discoveryClient))
	return &clients{dynamic: dynamicClient, discovery: discoveryClient, mapper: mapper}, nil
}

// restConfig reads the kubeconfig, which is a path or the content of a file. With
// none, the usual places count.
func restConfig(c config) (*rest.Config, error) {
	overrides := &clientcmd.ConfigOverrides{CurrentContext: c.context}
	if strings.ContainsAny(c.kubeconfig, "\n{") {
		parsed, err := clientcmd.Load([]byte(c.kubeconfig))
		if err != nil {
			return nil, fmt.Errorf("parsing the kubeconfig: %w", err)
		}
		return clientcmd.NewDefaultClientConfig(*parsed, overrides).ClientConfig()
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if c.kubeconfig != "" && c.kubeconfig != os.Getenv("KUBECONFIG") { // that one may be a list
		rules.ExplicitPath = c.kubeconfig
	}
	settings, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return settings, nil
}

// client returns the way to a kind's objects.
func (c *cluster) client(ctx context.Context, kind schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	connected, err := c.connect()
	if err != nil {
		return nil, err
	}
	mapping, err := connected.mapping(ctx, kind)
	if err != nil {
		return nil, err
	}
	resources := connected.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return resources.Namespace(namespace), nil
	}
	return resources, nil
}

// mapping asks the apiserver about a kind. A definition that was applied a moment
// ago is served a moment later, so an unknown kind is asked for again.
func (c *clients) mapping(ctx context.Context, kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	for deadline := time.Now().Add(10 * time.Second); ; {
		mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err == nil || !meta.IsNoMatchError(err) || time.Now().After(deadline) {
			return mapping, explain(err, kind)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
			c.mapper.Reset()
		}
	}
}

func explain(err error, kind schema.GroupVersionKind) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("the apiserver has no kind %s in %s: is its custom resource definition installed? %w",
			kind.Kind, kind.GroupVersion(), err)
	}
	return err
}

// hasNamespace says whether objects of the kind are in a namespace. Only kinds
// that are not built in are asked for; without a cluster they get none.
func (p *provider) hasNamespace(kind schema.GroupVersionKind) bool {
	if clusterScoped[kind.Kind] {
		return false
	}
	if namespaced[kind.Group] {
		return true
	}
	connected, err := p.cluster.connect()
	if err != nil {
		return false
	}
	mapping, err := connected.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	return err == nil && mapping.Scope.Name() == meta.RESTScopeNameNamespace
}
