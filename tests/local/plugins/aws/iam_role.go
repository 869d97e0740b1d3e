package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

const (
	typeRole           = "aws:iam/role:Role"
	typeRolePolicy     = "aws:iam/rolePolicy:RolePolicy"
	typeRoleAttachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	typeProfile        = "aws:iam/instanceProfile:InstanceProfile"
)

func roleSpecs() map[string]spec {
	return map[string]spec{
		typeRole: {
			inputs: words(`assumeRolePolicy description forceDetachPolicies inlinePolicies managedPolicyArns
				maxSessionDuration name namePrefix path permissionsBoundary tags`),
			required: words("assumeRolePolicy"),
			replaces: words("name namePrefix path"),
			sets:     words("managedPolicyArns"),
			jsons:    words("assumeRolePolicy"),
			computed: words("arn createDate uniqueId managedPolicyArns inlinePolicies"),
			conflict: "EntityAlreadyExists",
			naming:   naming{property: "name", prefix: "namePrefix", max: 64},
			check:    func(in props) []fault { return jsonFaults(in, "assumeRolePolicy") },
			create:   createRole,
			remove:   removeRole,
		},
		typeRolePolicy: {
			inputs:   words("name namePrefix policy role"),
			required: words("policy role"),
			replaces: words("name namePrefix role"),
			jsons:    words("policy"),
			naming:   naming{property: "name", prefix: "namePrefix", max: 128},
			check:    func(in props) []fault { return jsonFaults(in, "policy") },
			verify:   verifyRole,
			create: func(_ *account, in props) (string, props, error) {
				return in.str("role") + ":" + in.str("name"), nil, nil
			},
		},
		typeRoleAttachment: {
			inputs:   words("policyArn role"),
			required: words("policyArn role"),
			replaces: words("policyArn role"),
			verify:   verifyAttachment,
			create: func(a *account, in props) (string, props, error) {
				return in.str("role") + "-" + digest(in.str("policyArn"))[:20], nil, nil
			},
		},
	}
}

func createRole(a *account, in props) (string, props, error) {
	name := in.str("name")
	return name, props{
		"arn":               a.arn("iam", "role"+iamPath(in)+name),
		"createDate":        createdAt,
		"uniqueId":          "AROA" + strings.ToUpper(digest("role", name)[:17]),
		"managedPolicyArns": []any{},
		"inlinePolicies":    []any{},
	}, nil
}

func iamPath(in props) string {
	if p := in.str("path"); p != "" {
		return p
	}
	return "/"
}

// removeRole: the provider itself takes off what the role's own properties put on.
func removeRole(a *account, r awsstate.Resource) error {
	users := []struct{ typ, property, message string }{
		{typeRoleAttachment, "role", "Cannot delete entity, must detach all policies first"},
		{typeRolePolicy, "role", "Cannot delete entity, must delete policies first"},
		{typeProfile, "role", "Cannot delete entity, must remove roles from instance profile first"},
	}
	forced := props(r.Outputs).flag("forceDetachPolicies")
	for _, u := range users {
		for _, other := range a.OfType(u.typ) {
			if props(other.Outputs).str(u.property) == r.ID && (!forced || u.typ == typeProfile) {
				return fmt.Errorf("DeleteConflict: %s (%s)", u.message, other.ID)
			}
		}
	}
	return nil
}

// verifyRole takes the name of any role: one that no program here created may exist.
func verifyRole(_ *account, in props) error {
	if role := in.str("role"); strings.Contains(role, ":") {
		return fmt.Errorf("ValidationError: the role %q must be a role's name, not its ARN", role)
	}
	return nil
}

func verifyAttachment(a *account, in props) error {
	if err := verifyRole(a, in); err != nil {
		return err
	}
	policy := in.str("policyArn")
	if !strings.HasPrefix(policy, "arn:") || !strings.Contains(policy, ":policy/") {
		return fmt.Errorf("InvalidInput: ARN %s is not valid", policy)
	}
	if _, ok := a.Get(typePolicy, policy); !ok && strings.Contains(policy, ":"+accountID+":") {
		return fmt.Errorf("NoSuchEntity: Policy %s does not exist or is not attachable", policy)
	}
	return nil
}

// jsonFaults are the properties that must be JSON objects and are not.
func jsonFaults(in props, names ...string) []fault {
	var out []fault
	for _, name := range names {
		var document map[string]any
		if s, ok := in[name].(string); ok && json.Unmarshal([]byte(s), &document) != nil {
			out = append(out, fault{name, "contains an invalid JSON policy"})
		}
	}
	return out
}
