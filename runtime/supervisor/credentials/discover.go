package credentials

import (
	"log/slog"
	"net/netip"
	"net/url"
	"path"
	"regexp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Set is what the enclave needs to get credentials.
type Set struct {
	// Environment is for the bootstrap.
	Environment map[string]string
	// Files are the paths of token files, the same in the pod and in the enclave.
	Files []string
	// Logger is told what Watch tries again, nil nobody.
	Logger *slog.Logger
}

var (
	rolePattern   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`)
	regionPattern = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)
)

// Discover reads a Set from the pod's environment. A pod without a role has an empty one,
// or just the region. Access keys are refused. All faults are returned together, as a
// fault.List; no value that could be a secret is in them.
func Discover(getenv func(string) string) (Set, error) {
	var faults fault.List
	set := Set{Environment: map[string]string{}}
	for _, name := range refused {
		if getenv(name) != "" {
			faults.Add(name, nil, "must not be set: the enclave takes no credentials from its pod", serviceAccountHelp)
		}
	}
	for _, name := range passed {
		if v := getenv(name); v != "" {
			set.Environment[name] = v
		}
	}
	set.checkRegion(&faults)
	set.addRole(&faults)
	set.addContainer(&faults)
	return set, faults.Err()
}

func (s *Set) checkRegion(faults *fault.List) {
	for _, name := range []string{envRegion, envDefaultRegion} {
		if v := s.Environment[name]; v != "" && !regionPattern.MatchString(v) {
			faults.Add(name, v, "is not an AWS region", "write its code, such as eu-central-1")
		}
	}
}

// addRole takes what IRSA gives.
func (s *Set) addRole(faults *fault.List) {
	if !s.pair(faults, envRoleARN, envRoleTokenFile) {
		return
	}
	if arn := s.Environment[envRoleARN]; !rolePattern.MatchString(arn) {
		faults.Add(envRoleARN, arn, "is not the ARN of a role", "annotate the ServiceAccount with one, such as arn:aws:iam::123456789012:role/signer")
	}
	if s.region() == "" {
		faults.Add(envRegion, nil, "is needed with "+envRoleARN+": it says which STS to ask", "set the region of the ContainmentChamber")
	}
	if v := s.Environment[envSTSEndpoints]; v != "" && v != stsRegional && v != stsLegacy {
		faults.Add(envSTSEndpoints, v, "must be regional or legacy", "")
	}
	s.addFile(faults, envRoleTokenFile)
}

// addContainer takes what EKS Pod Identity gives.
func (s *Set) addContainer(faults *fault.List) {
	if !s.pair(faults, envContainerURI, envContainerToken) {
		return
	}
	uri := s.Environment[envContainerURI]
	if _, ok := containerEndpoint(uri); !ok {
		faults.Add(envContainerURI, uri, "must be http to the Pod Identity agent, or https: AWS's SDKs accept nothing else, and the pod's loopback is not the enclave's",
			"leave it to EKS, which writes http://"+agentIPv4+"/v1/credentials")
	}
	s.addFile(faults, envContainerToken)
}

// pair tells whether both variables are set. One alone is a fault.
func (s *Set) pair(faults *fault.List, first, second string) bool {
	a, b := s.Environment[first] != "", s.Environment[second] != ""
	if a != b {
		missing, there := second, first
		if b {
			missing, there = first, second
		}
		faults.Add(missing, nil, "is needed with "+there, "leave both to EKS: "+serviceAccountHelp)
	}
	return a && b
}

func (s *Set) addFile(faults *fault.List, name string) {
	file := s.Environment[name]
	if !path.IsAbs(file) || path.Clean(file) != file || file == "/" {
		faults.Add(name, file, "must be the absolute path of a file, in its shortest form", "")
		return
	}
	s.Files = append(s.Files, file)
}

func (s *Set) region() string {
	if v := s.Environment[envRegion]; v != "" {
		return v
	}
	return s.Environment[envDefaultRegion]
}

// acceptable is the rule of AWS's SDKs for plain HTTP, without loopback addresses and
// without the agent of ECS.
func acceptable(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return true
	case "http":
		a, err := netip.ParseAddr(u.Hostname())
		return err == nil && (a == netip.MustParseAddr(agentIPv4) || a == netip.MustParseAddr(agentIPv6))
	}
	return false
}
