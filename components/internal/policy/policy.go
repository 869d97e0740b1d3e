// Package policy writes IAM policy documents: pure functions with golden files.
package policy

import (
	"encoding/json"
	"fmt"
)

// Version is the policy language's version that has variables and all current
// operators (IAM user guide, "Version").
const Version = "2012-10-17"

// Document is an IAM policy.
type Document struct {
	Version   string      `json:"Version"`
	Statement []Statement `json:"Statement"`
}

// Statement is one rule of a policy.
type Statement struct {
	Sid       string              `json:"Sid,omitempty"`
	Effect    string              `json:"Effect"`
	Principal map[string][]string `json:"Principal,omitempty"`
	Action    []string            `json:"Action"`
	Resource  []string            `json:"Resource,omitempty"`
	// Condition is values by context key by operator.
	Condition map[string]map[string]Values `json:"Condition,omitempty"`
}

// Values are the values of a condition, of which one must match.
type Values []string

// MarshalJSON writes a single value without brackets, as IAM's own examples do.
func (v Values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal([]string(v))
}

// NodeTrust lets EC2 instances assume the node role. An EKS node needs nothing
// else (EKS user guide, "Amazon EKS node IAM role").
func NodeTrust() Document {
	return Document{Version: Version, Statement: []Statement{{
		Sid:       "EKSNodeAssumeRole",
		Effect:    "Allow",
		Principal: map[string][]string{"Service": {"ec2.amazonaws.com"}},
		Action:    []string{"sts:AssumeRole"},
	}}}
}

// NodePolicies are the names of the AWS managed policies that a node needs: to
// join the cluster, to pull images (PullOnly: nothing is pushed from a node),
// and to give pods addresses.
func NodePolicies() []string {
	return []string{
		"AmazonEKSWorkerNodePolicy",
		"AmazonEC2ContainerRegistryPullOnly",
		"AmazonEKS_CNI_Policy",
	}
}

// JSON renders the document.
func (d Document) JSON() (string, error) {
	out, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("rendering the policy: %w", err)
	}
	return string(out), nil
}
