// Command aws is pulumi-resource-aws of the local stack: a stand-in for the AWS
// provider that keeps its resources in the stack's account file, so that the
// real Pulumi engine can run programs for AWS without AWS.
//
// It is a test fixture, and answers only for the types in its tables (specs);
// any other type is an error that says where to add it. It models what a program
// can see: names and ids, ARNs and other computed outputs that stay unknown in a
// preview, diffs, replacements, references between resources, and the requests
// that EKS, EC2 and IAM refuse. It does not model time (everything is ACTIVE at
// once), quotas, permissions, default tags, imports by id, the content of
// policies, or networks. Nodes are made by the node simulator, which reads the
// account; nothing here runs anything.
//
// One rule is stricter than AWS: a launch template that a node group uses cannot
// be deleted. EC2 would let it go and leave the node group degraded.
package main
