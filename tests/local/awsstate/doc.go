// Package awsstate is the local stack's AWS account: one JSON file that the
// stand-in plugins write and the node simulator reads.
//
// It is a test fixture. It models what exists (resources with their inputs and
// outputs, and clusters), not how AWS gets there: nothing is ever pending, no
// call is throttled or refused for lack of permission, and there is one account
// in one region.
package awsstate
