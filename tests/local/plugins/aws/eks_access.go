package main

import (
	"fmt"
	"strings"
)

const typeAccessEntry = "aws:eks/accessEntry:AccessEntry"

func accessSpecs() map[string]spec {
	return map[string]spec{
		typeAccessEntry: {
			inputs:   words("clusterName kubernetesGroups principalArn tags type userName"),
			required: words("clusterName principalArn"),
			replaces: words("clusterName principalArn type"),
			sets:     words("kubernetesGroups"),
			computed: words("accessEntryArn createdAt modifiedAt userName kubernetesGroups"),
			conflict: "ResourceInUseException: The specified access entry resource is already in use on this cluster",
			verify:   verifyClusterName,
			create:   createAccessEntry,
		},
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
			inputs:   words("accessScope clusterName policyArn principalArn"),
			required: words("accessScope clusterName policyArn principalArn"),
			replaces: words("accessScope clusterName policyArn principalArn"),
			computed: words("associatedAt modifiedAt"),
			verify:   verifyAccessPolicy,
			create: func(_ *account, in props) (string, props, error) {
				id := in.str("clusterName") + "#" + in.str("principalArn") + "#" + in.str("policyArn")
				return id, props{"associatedAt": createdAt, "modifiedAt": createdAt}, nil
			},
		},
		"aws:eks/podIdentityAssociation:PodIdentityAssociation": {
			inputs:   words("clusterName namespace roleArn serviceAccount tags"),
			required: words("clusterName namespace roleArn serviceAccount"),
			replaces: words("clusterName namespace serviceAccount"),
			computed: words("associationArn associationId"),
			unique:   words("serviceAccount namespace clusterName"),
			conflict: "ResourceInUseException: Association already exists",
			verify:   verifyClusterName,
			create: func(a *account, in props) (string, props, error) {
				id := "a-" + a.random(17)
				arn := a.arn("eks", "podidentityassociation/"+in.str("clusterName")+"/"+id)
				return id, props{"associationArn": arn, "associationId": id}, nil
			},
		},
	}
}

func verifyClusterName(a *account, in props) error { return a.clusterExists(in.str("clusterName")) }

func createAccessEntry(a *account, in props) (string, props, error) {
	cluster, principal := in.str("clusterName"), in.str("principalArn")
	if !strings.HasPrefix(principal, "arn:") {
		return "", nil, invalid("The principalArn %q is not an ARN", principal)
	}
	return cluster + ":" + principal, props{
		"accessEntryArn":   a.arn("eks", "access-entry/"+cluster+"/"+digest(principal)[:32]),
		"createdAt":        createdAt,
		"modifiedAt":       createdAt,
		"userName":         principal,
		"kubernetesGroups": []any{},
	}, nil
}

func verifyAccessPolicy(a *account, in props) error {
	if err := verifyClusterName(a, in); err != nil {
		return err
	}
	id := in.str("clusterName") + ":" + in.str("principalArn")
	if _, ok := a.Get(typeAccessEntry, id); !ok {
		return fmt.Errorf("ResourceNotFoundException: The specified principalArn could not be found: %s", in.str("principalArn"))
	}
	return nil
}
