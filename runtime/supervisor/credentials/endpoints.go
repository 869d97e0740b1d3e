package credentials

import (
	"net"
	"net/url"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// The addresses of the EKS Pod Identity agent on every node (EKS user guide, "Learn how
// EKS Pod Identity grants pods access to AWS services").
const (
	agentIPv4 = "169.254.170.23"
	agentIPv6 = "fd00:ec2::23"
)

// The values of AWS_STS_REGIONAL_ENDPOINTS.
const (
	stsRegional = "regional"
	stsLegacy   = "legacy"
)

// Endpoints are what the enclave must reach to get credentials: STS with IRSA, the agent
// with Pod Identity. Where the environment has both, so has the answer, although AWS's
// SDKs then ask STS alone.
func (s Set) Endpoints() []egress.Endpoint {
	var endpoints []egress.Endpoint
	if region := s.region(); region != "" && s.Environment[envRoleARN] != "" {
		endpoints = append(endpoints, egress.Endpoint{Host: "sts." + region + "." + domain(region), Port: 443})
		if s.Environment[envSTSEndpoints] == stsLegacy && domain(region) == awsDomain {
			// Some SDKs then ask the global endpoint for the regions of before 2019; those
			// that know no legacy mode still ask the regional one.
			endpoints = append(endpoints, egress.Endpoint{Host: "sts." + awsDomain, Port: 443})
		}
	}
	if uri := s.Environment[envContainerURI]; uri != "" {
		if e, ok := containerEndpoint(uri); ok {
			endpoints = append(endpoints, e)
		}
	}
	return endpoints
}

// CheckEgress names each endpoint of the Set that a list of the named property does not
// allow. Without it, the signer would just fail to get credentials some time later.
func (s Set) CheckEgress(property string, list egress.List) error {
	var faults fault.List
	for _, e := range s.Endpoints() {
		if !list.Allows(e) {
			faults.Add(property, nil, "does not have "+e.String()+", from which the enclave gets its AWS credentials", "add it to the egress of the ContainmentChamber, and to the policy of the enclave image")
		}
	}
	return faults.Err()
}

const awsDomain = "amazonaws.com"

func domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return awsDomain + ".cn"
	}
	return awsDomain
}

// containerEndpoint is what a container credentials URI leads to, if it is one that AWS's
// SDKs accept and an enclave can reach.
func containerEndpoint(uri string) (egress.Endpoint, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.User != nil || u.Hostname() == "" || !acceptable(u) {
		return egress.Endpoint{}, false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	e, err := egress.ParseEndpoint(envContainerURI, net.JoinHostPort(u.Hostname(), port))
	return e, err == nil
}
