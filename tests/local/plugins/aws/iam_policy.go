package main

import (
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

const typePolicy = "aws:iam/policy:Policy"

func policySpecs() map[string]spec {
	return map[string]spec{typePolicy: {
		inputs:   words("description name namePrefix path policy tags"),
		required: words("policy"),
		replaces: words("description name namePrefix path"),
		jsons:    words("policy"),
		computed: words("arn attachmentCount policyId"),
		conflict: "EntityAlreadyExists",
		naming:   naming{property: "name", prefix: "namePrefix", max: 128},
		check:    func(in props) []fault { return jsonFaults(in, "policy") },
		create: func(a *account, in props) (string, props, error) {
			arn := a.arn("iam", "policy"+iamPath(in)+in.str("name"))
			id := "ANPA" + strings.ToUpper(digest("policy", arn)[:17])
			return arn, props{"arn": arn, "attachmentCount": 0, "policyId": id}, nil
		},
		remove: func(a *account, r awsstate.Resource) error {
			for _, other := range a.OfType(typeRoleAttachment) {
				if props(other.Outputs).str("policyArn") == r.ID {
					return fmt.Errorf("DeleteConflict: Cannot delete a policy attached to entities (%s)", other.ID)
				}
			}
			return nil
		},
	}}
}
