package credentials

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/policy"
)

// irsa and podIdentity are what EKS's webhooks put into a pod.
func irsa() map[string]string {
	return map[string]string{
		"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/signer", "AWS_STS_REGIONAL_ENDPOINTS": "regional",
		"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
		"AWS_REGION":                  "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
	}
}

func podIdentity() map[string]string {
	return map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI":     "http://169.254.170.23/v1/credentials",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
		"AWS_REGION":                             "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1", "AWS_STS_REGIONAL_ENDPOINTS": "regional",
	}
}

func with(environment map[string]string, pairs ...string) map[string]string {
	for i := 0; i < len(pairs); i += 2 {
		environment[pairs[i]] = pairs[i+1]
	}
	return environment
}

func discover(environment map[string]string) (Set, error) {
	return Discover(func(name string) string { return environment[name] })
}

func TestDiscover(t *testing.T) {
	for name, tc := range map[string]struct {
		environment      map[string]string
		files, endpoints []string
	}{
		"nothing": {nil, nil, nil},
		"region":  {map[string]string{"AWS_REGION": "us-gov-west-1"}, nil, nil},
		"IRSA":    {irsa(), []string{irsa()[envRoleTokenFile]}, []string{"sts.eu-central-1.amazonaws.com:443"}},
		"China": {with(irsa(), "AWS_REGION", "cn-north-1", "AWS_ROLE_ARN", "arn:aws-cn:iam::123456789012:role/path/signer"),
			[]string{irsa()[envRoleTokenFile]}, []string{"sts.cn-north-1.amazonaws.com.cn:443"}},
		"default region": {with(irsa(), "AWS_REGION", ""), []string{irsa()[envRoleTokenFile]}, []string{"sts.eu-central-1.amazonaws.com:443"}},
		"legacy": {with(irsa(), "AWS_STS_REGIONAL_ENDPOINTS", "legacy"), []string{irsa()[envRoleTokenFile]},
			[]string{"sts.eu-central-1.amazonaws.com:443", "sts.amazonaws.com:443"}},
		"Pod Identity": {podIdentity(), []string{podIdentity()[envContainerToken]}, []string{"169.254.170.23:80"}},
		"IPv6": {with(podIdentity(), envContainerURI, "http://[fd00:ec2::23]/v1/credentials"), []string{podIdentity()[envContainerToken]},
			[]string{"[fd00:ec2::23]:80"}},
		"https": {with(podIdentity(), envContainerURI, "https://Broker.example.com:8443/x"), []string{podIdentity()[envContainerToken]},
			[]string{"broker.example.com:8443"}},
		"both": {with(irsa(), envContainerURI, podIdentity()[envContainerURI], envContainerToken, podIdentity()[envContainerToken]),
			[]string{irsa()[envRoleTokenFile], podIdentity()[envContainerToken]}, []string{"sts.eu-central-1.amazonaws.com:443", "169.254.170.23:80"}},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := discover(tc.environment)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for k, v := range tc.environment {
				if v != "" {
					want[k] = v
				}
			}
			var endpoints []string
			for _, e := range set.Endpoints() {
				endpoints = append(endpoints, e.String())
			}
			if diff := cmp.Diff([]any{want, tc.files, tc.endpoints}, []any{set.Environment, set.Files, endpoints}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiscoverRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		environment map[string]string
		says        []string
	}{
		"access key":      {map[string]string{"AWS_ACCESS_KEY_ID": "AKIDSECRET"}, []string{"AWS_ACCESS_KEY_ID: must not be set", "Pod Identity"}},
		"secret key":      {with(irsa(), "AWS_SECRET_ACCESS_KEY", "SECRET"), []string{"AWS_SECRET_ACCESS_KEY: must not be set"}},
		"token as text":   {with(podIdentity(), "AWS_CONTAINER_AUTHORIZATION_TOKEN", "SECRET"), []string{"AWS_CONTAINER_AUTHORIZATION_TOKEN: must not"}},
		"profile":         {map[string]string{"AWS_PROFILE": "default"}, []string{"AWS_PROFILE: must not"}},
		"no token file":   {with(irsa(), envRoleTokenFile, ""), []string{"AWS_WEB_IDENTITY_TOKEN_FILE: is needed with AWS_ROLE_ARN"}},
		"no role":         {with(irsa(), envRoleARN, ""), []string{"AWS_ROLE_ARN: is needed with AWS_WEB_IDENTITY_TOKEN_FILE"}},
		"no region":       {with(irsa(), envRegion, "", envDefaultRegion, ""), []string{"AWS_REGION: is needed with AWS_ROLE_ARN"}},
		"bad region":      {map[string]string{"AWS_REGION": "frankfurt"}, []string{`AWS_REGION ("frankfurt"): is not an AWS region`}},
		"user ARN":        {with(irsa(), envRoleARN, "arn:aws:iam::123456789012:user/x"), []string{"is not the ARN of a role"}},
		"STS mode":        {with(irsa(), envSTSEndpoints, "global"), []string{"must be regional or legacy"}},
		"relative path":   {with(irsa(), envRoleTokenFile, "token"), []string{"must be the absolute path"}},
		"loopback":        {with(podIdentity(), envContainerURI, "http://127.0.0.1:1338/x"), []string{"must be http to the Pod Identity agent"}},
		"plain http":      {with(podIdentity(), envContainerURI, "http://broker.example.com/x"), []string{"must be http to the Pod Identity agent"}},
		"https loopback":  {with(podIdentity(), envContainerURI, "https://127.0.0.1/x"), []string{"must be http to the Pod Identity agent"}},
		"no URI":          {with(podIdentity(), envContainerURI, "::"), []string{"must be http to the Pod Identity agent"}},
		"several at once": {map[string]string{"AWS_REGION": "x", "AWS_PROFILE": "x", "AWS_ROLE_ARN": "x"}, []string{"3 invalid arguments"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := discover(tc.environment)
			if err == nil {
				t.Fatal("was taken")
			}
			for _, want := range tc.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "SECRET") && !strings.Contains(name, "key") || strings.Contains(err.Error(), "AKIDSECRET") {
				t.Errorf("the secret is in: %v", err)
			}
		})
	}
}

// TestDefaultPolicyAllows: what is passed on is what an image without a policy takes.
func TestDefaultPolicyAllows(t *testing.T) {
	allowed := policy.Default()
	for _, name := range passed {
		if !slices.Contains(allowed.Environment, name) {
			t.Errorf("the default policy does not allow %s", name)
		}
	}
	for _, file := range []string{irsa()[envRoleTokenFile], podIdentity()[envContainerToken]} {
		if !slices.Contains(allowed.Files, file) {
			t.Errorf("the default policy does not allow %s", file)
		}
	}
}

func TestCheckEgress(t *testing.T) {
	set, err := discover(irsa())
	if err != nil {
		t.Fatal(err)
	}
	if err := set.CheckEgress("CHAMBER_EGRESS", egress.List{}); err == nil || !strings.Contains(err.Error(), "CHAMBER_EGRESS: does not have sts.eu-central-1.amazonaws.com:443") {
		t.Errorf("error: %v", err)
	}
	list, err := egress.ParseList("egress", []string{"*.eu-central-1.amazonaws.com:443"})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.CheckEgress("CHAMBER_EGRESS", list); err != nil {
		t.Error(err)
	}
}
