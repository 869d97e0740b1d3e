// Package podlink reaches into pods through the API server, as kubectl exec and kubectl
// port-forward do: without kubectl, and without a port of this machine that others could
// connect to. WebSockets are tried first, and the SPDY protocol of older clusters and
// proxies then.
package podlink

import (
	"net/url"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
)

// Link is the way into the pods of one cluster. It is safe for concurrent use.
type Link struct {
	config *rest.Config
	core   client.CoreV1Interface
}

// New returns a link with the credentials of config, which core was made from.
func New(config *rest.Config, core client.CoreV1Interface) *Link {
	return &Link{config: config, core: core}
}

// url is that of a subresource of a pod. options may be nil.
func (l *Link) url(pod *corev1.Pod, subresource string, options runtime.Object) *url.URL {
	request := l.core.RESTClient().Post().Namespace(pod.Namespace).Resource("pods").Name(pod.Name).SubResource(subresource)
	if options != nil {
		request = request.VersionedParams(options, scheme.ParameterCodec)
	}
	return request.URL()
}

// older tells whether the server, or a proxy before it, knows no WebSockets here.
func older(err error) bool {
	return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
}
