package components

import (
	"regexp"
	"strings"
)

var (
	arnPattern     = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:.+$`)
	labelPattern   = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	tagPattern     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	clusterPattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$`)
	digestPattern  = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// arn is a rule for text: an AWS ARN.
func arn(v string) (broken, wayOut string) {
	if !arnPattern.MatchString(v) {
		return "is not an ARN", "write it as arn:aws:iam::123456789012:role/name"
	}
	return "", ""
}

// dnsLabel is a rule for text: a name as RFC 1035 and Kubernetes want it.
func dnsLabel(v string) (broken, wayOut string) {
	if !labelPattern.MatchString(v) {
		return "is not a DNS label", "use at most 63 lower-case letters, digits and hyphens, with a letter first"
	}
	return "", ""
}

// clusterName is a rule for text: EKS's for names (EKS API, CreateCluster). Names
// become a part of policies, where other characters could stand for more.
func clusterName(v string) (broken, wayOut string) {
	if !clusterPattern.MatchString(v) {
		return "is not the name of an EKS cluster", "use at most 100 letters, digits, hyphens and underscores, with a letter or digit first"
	}
	return "", ""
}

// imageTag is a rule for text: a tag as the OCI distribution specification has it.
func imageTag(v string) (broken, wayOut string) {
	switch {
	case v == "latest":
		return "moves", "pin a version, such as v1.5.0"
	case !tagPattern.MatchString(v):
		return "is not an image tag", "use a version, such as v1.5.0"
	}
	return "", ""
}

// imageDigest is a rule for text: a sha256 digest.
func imageDigest(v string) (broken, wayOut string) {
	if !digestPattern.MatchString(v) {
		return "is not a digest", "write it as sha256: and 64 hexadecimal digits"
	}
	return "", ""
}

// pinnedImage is a rule for text: an image reference with a tag or a digest.
func pinnedImage(v string) (broken, wayOut string) {
	if _, digest, ok := strings.Cut(v, "@"); ok {
		return imageDigest(digest)
	}
	slash, colon := strings.LastIndex(v, "/"), strings.LastIndex(v, ":")
	if colon <= slash {
		return "has no tag", "pin it by version or by digest: registry/name:1.2.3"
	}
	return imageTag(v[colon+1:])
}
