package credentials

// The variables that EKS puts into a pod and AWS's SDKs read (AWS SDKs and Tools
// Reference Guide, "Assume role credential provider" and "Container credential provider").
const (
	envRoleARN         = "AWS_ROLE_ARN"
	envRoleSession     = "AWS_ROLE_SESSION_NAME"
	envRoleTokenFile   = "AWS_WEB_IDENTITY_TOKEN_FILE"
	envSTSEndpoints    = "AWS_STS_REGIONAL_ENDPOINTS"
	envContainerURI    = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	envContainerToken  = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
	envRegion          = "AWS_REGION"
	envDefaultRegion   = "AWS_DEFAULT_REGION"
	serviceAccountHelp = "give the pod's ServiceAccount a role, by an EKS Pod Identity association or by IRSA's annotation"
)

// passed are the variables that the enclave gets as they are. The default policy of an
// enclave image allows these (runtime/guest/policy).
var passed = []string{
	envRegion, envDefaultRegion, envRoleARN, envRoleSession, envRoleTokenFile, envSTSEndpoints, envContainerURI, envContainerToken,
}

// refused are variables by which a secret itself, or a file with one, would be handed to
// the pod. They would not change in the enclave when they change outside, and whoever can
// read the pod's definition could read them.
var refused = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE",
}
