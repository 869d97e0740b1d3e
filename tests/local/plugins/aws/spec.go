package main

import (
	"maps"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// spec is what the stand-in knows of one resource type. Property names are those
// of the Pulumi SDK. Where a list says so, a name may be a path: vpcConfig.vpcId.
type spec struct {
	inputs   []string // every property a program may set
	required []string
	replaces []string // paths; a change of one makes a new resource
	sets     []string // lists whose order does not count
	jsons    []string // strings whose JSON counts, not their spelling
	computed []string // paths AWS fills in: unknown in the preview of a create, unless given
	unique   []string // properties that no two resources of the type may share
	conflict string   // AWS's code when they do
	secrets  []string // properties that AWS never gives back: not kept in the account
	naming   naming

	// check finds faults that the real provider finds before it calls AWS. Values may be unknown.
	check func(in props) []fault
	// verify finds faults that AWS finds, in a create and in an update.
	verify func(a *account, in props) error
	// create returns the id and what AWS fills in; inputs win where both are set.
	create func(a *account, in props) (id string, out props, err error)
	// update returns what changes of what AWS filled in.
	update func(a *account, r awsstate.Resource, in props, changed []string) (props, error)
	// volatile are the computed paths that an update of the changed properties makes unknown in a preview.
	volatile func(in props, changed []string) []string
	// versions is the history of a resource that the account keeps, with its newest entry.
	versions func(r awsstate.Resource) []map[string]any
	// remove refuses a delete.
	remove func(a *account, r awsstate.Resource) error
}

// naming says how a resource gets its physical name when the program gives none.
type naming struct {
	property, prefix string // the names of the properties; prefix may be ""
	start            string // what every name begins with
	max              int
}

// fault is one reason why an input cannot be right.
type fault struct{ property, reason string }

// account is the account during one call.
type account struct {
	*awsstate.State
	region string
	random func(digits int) string
}

// accountID is AWS's example account.
const accountID = "123456789012"

// arn is an ARN in the account; IAM's have no region.
func (a *account) arn(service, rest string) string {
	region := a.region
	if service == "iam" {
		region = ""
	}
	return "arn:aws:" + service + ":" + region + ":" + accountID + ":" + rest
}

// specs are all types, by token.
func specs() map[string]spec {
	out := map[string]spec{}
	for _, part := range []map[string]spec{
		launchTemplateSpecs(), securityGroupSpecs(), autoscalingSpecs(),
		clusterSpecs(), nodeGroupSpecs(), accessSpecs(), addonSpecs(),
		roleSpecs(), policySpecs(), identitySpecs(),
		kmsSpecs(), dynamodbSpecs(), logSpecs(), ssmSpecs(),
	} {
		maps.Copy(out, part)
	}
	return out
}

// fileFor is where the type or function with a token belongs.
func fileFor(token string) string {
	module, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	return module + "*.go"
}

func words(s string) []string { return strings.Fields(s) }
