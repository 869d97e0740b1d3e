// Command eks is pulumi-resource-eks of the local stack: a stand-in for
// pulumi-eks 3.9 that answers eks.Cluster with a component of the same shape,
// made of aws resources that the aws stand-in keeps.
//
// It is a test fixture. The component has the roles, security groups, cluster,
// OIDC provider and access entries of the real one, under names alike, and its
// outputs. It has no default node group (a program must skip it), no add-ons and
// no objects in Kubernetes, and refuses arguments it does not know rather than
// dropping them. Its kubeconfig is the one of the stack's own API server and
// holds that server's credentials, so it is a secret; the real one calls the AWS
// CLI and is not. The output awsProvider and core's kubeconfig stay empty.
package main
