package chamber

import "path"

// Identity is a way in which EKS gives a pod a role.
type Identity struct {
	// service is what turns its token into credentials.
	service string
	token   string // its path in the pod
	env     []string
}

// IRSA is what EKS's webhook adds for IAM roles for service accounts.
func IRSA() Identity {
	const token = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token" //nolint:gosec // a path
	return Identity{"sts", token, []string{
		"AWS_ROLE_ARN=arn:aws:iam::123456789012:role/signer", "AWS_WEB_IDENTITY_TOKEN_FILE=" + token,
		"AWS_STS_REGIONAL_ENDPOINTS=regional", "AWS_DEFAULT_REGION=" + Region,
	}}
}

// PodIdentity is what EKS's webhook adds for EKS Pod Identity.
func PodIdentity() Identity {
	const token = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token" //nolint:gosec // a path
	return Identity{"pod-identity", token, []string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://" + agent + "/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + token,
		"AWS_STS_REGIONAL_ENDPOINTS=regional", "AWS_DEFAULT_REGION=" + Region,
	}}
}

func (i Identity) volume(dir string) projected { return projected{dir, path.Base(i.token)} }
