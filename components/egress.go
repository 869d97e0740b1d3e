package components

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// podIdentityAgent is the address of the EKS Pod Identity agent on every node
// (EKS user guide, "Learn how EKS Pod Identity grants pods access").
const podIdentityAgent = "169.254.170.23:80"

var (
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
)

// awsRegion is a rule for text: the code of an AWS region.
func awsRegion(v string) (broken, wayOut string) {
	if !regionPattern.MatchString(v) {
		return "is not an AWS region", "write its code, such as eu-central-1"
	}
	return "", ""
}

// regionEndpoints are what a signer needs of AWS: its keys, its state and its
// credentials, the latter from STS (IRSA) or the Pod Identity agent.
func regionEndpoints(region string) []string {
	domain := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	var endpoints []string
	for _, service := range []string{"dynamodb", "kms", "sts"} {
		endpoints = append(endpoints, fmt.Sprintf("%s.%s.%s:443", service, region, domain))
	}
	return append(endpoints, podIdentityAgent)
}

// parseEndpoint returns the port of host:port.
func parseEndpoint(endpoint string) (port int, err error) {
	host, service, err := net.SplitHostPort(endpoint)
	if err != nil {
		return 0, errors.New("is not host:port")
	}
	port, err = strconv.Atoi(service)
	if err != nil || port < 1 || port > 65535 {
		return 0, errors.New("has a port that is not a number from 1 to 65535")
	}
	if strings.HasPrefix(host, "*") {
		return 0, errors.New("is a pattern, and an enclave can only be given hosts by name")
	}
	if net.ParseIP(host) == nil && !hostPattern.MatchString(host) {
		return 0, errors.New("has a host that is neither a name nor an address")
	}
	return port, nil
}

// egress lists all endpoints that the enclave may reach, each once, sorted.
func (a *ContainmentChamberArgs) egress() pulumi.StringArrayOutput {
	return pulumi.All(stringOr(a.Region, ""), namesOr(a.Egress)).ApplyT(func(v []any) []string {
		endpoints := slices.Clone(v[1].([]string))
		if region := v[0].(string); region != "" {
			endpoints = append(endpoints, regionEndpoints(region)...)
		}
		slices.Sort(endpoints)
		return slices.Compact(endpoints)
	}).(pulumi.StringArrayOutput)
}
