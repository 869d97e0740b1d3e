package policy

// KarpenterPassRole lets Karpenter's controller start instances with the nodes' role,
// and with no other. The rest of what Karpenter may do does not depend on a group:
// it is in the policy that comes with Karpenter, which allows only the role of
// Karpenter's own template to be passed.
func KarpenterPassRole(role string) Document {
	return Document{Version: Version, Statement: []Statement{{
		Sid:      "PassNodeRole",
		Effect:   "Allow",
		Action:   []string{"iam:PassRole"},
		Resource: []string{role},
		// EC2's name is another in China; Karpenter's own policy has both.
		Condition: map[string]map[string]Values{"StringEquals": {"iam:PassedToService": {"ec2.amazonaws.com", "ec2.amazonaws.com.cn"}}},
	}}}
}
