package enclavenode

import (
	"context"
	"fmt"

	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/chamberimage"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/enclavenode/shape"
)

// patches do what EKS's webhook does to the pods of a service account with a role
// (aws/amazon-eks-pod-identity-webhook, README.md). The webhook reads the role from the
// account; an admission policy cannot, so all chambers get the one of the demo.
const patches = `[
JSONPatch{op: "add", path: "/spec/containers/0/env/-", value: Object.spec.containers.env{name: "AWS_ROLE_ARN", value: "%s"}},
JSONPatch{op: "add", path: "/spec/containers/0/env/-", value: Object.spec.containers.env{name: "AWS_WEB_IDENTITY_TOKEN_FILE", value: "%s"}},
JSONPatch{op: "add", path: "/spec/containers/0/volumeMounts/-", value: Object.spec.containers.volumeMounts{
  name: "aws-iam-token", mountPath: "/var/run/secrets/eks.amazonaws.com/serviceaccount", readOnly: true}},
JSONPatch{op: "add", path: "/spec/volumes/-", value: Object.spec.volumes{name: "aws-iam-token", projected: Object.spec.volumes.projected{
  sources: [Object.spec.volumes.projected.sources{serviceAccountToken: Object.spec.volumes.projected.sources.serviceAccountToken{
    audience: "sts.amazonaws.com", expirationSeconds: 86400, path: "token"}}]}}}
]`

// giveRoles makes the API server do it.
func giveRoles(ctx context.Context, client kubernetes.Interface) error {
	const name = "iam-roles"
	fail := admission.Fail
	policies := client.AdmissionregistrationV1()
	_, err := policies.MutatingAdmissionPolicies().Create(ctx, &admission.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admission.MutatingAdmissionPolicySpec{
			MatchConstraints: &admission.MatchResources{
				ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": "containment-chamber"}},
				ResourceRules: []admission.NamedRuleWithOperations{{RuleWithOperations: admission.RuleWithOperations{
					Operations: []admission.OperationType{admission.Create},
					Rule:       admission.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
				}}},
			},
			FailurePolicy: &fail, ReinvocationPolicy: admission.NeverReinvocationPolicy,
			Mutations: []admission.Mutation{{
				PatchType: admission.PatchTypeJSONPatch,
				JSONPatch: &admission.JSONPatch{Expression: fmt.Sprintf(patches, shape.Role, chamberimage.TokenFile)},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating the admission policy: %w", err)
	}
	_, err = policies.MutatingAdmissionPolicyBindings().Create(ctx, &admission.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: admission.MutatingAdmissionPolicyBindingSpec{PolicyName: name},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("binding the admission policy: %w", err)
	}
	return nil
}
