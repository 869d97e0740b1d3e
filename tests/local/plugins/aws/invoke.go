package main

import (
	"context"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// invoke answers a data source; its results are the arguments and what it returns.
type invoke func(a *account, in props) (props, error)

func invokes() map[string]invoke {
	return map[string]invoke{
		"aws:index/getAvailabilityZones:getAvailabilityZones": getAvailabilityZones,
		"aws:index/getCallerIdentity:getCallerIdentity":       getCallerIdentity,
		"aws:index/getPartition:getPartition":                 getPartition,
		"aws:index/getRegion:getRegion":                       getRegion,
		"aws:ec2/getInstanceType:getInstanceType":             getInstanceType,
		"aws:ec2/getSubnet:getSubnet":                         getSubnet,
		"aws:ec2/getSubnets:getSubnets":                       getSubnets,
		"aws:ec2/getVpc:getVpc":                               getVPC,
		"aws:eks/getCluster:getCluster":                       getCluster,
		"aws:iam/getPolicyDocument:getPolicyDocument":         getPolicyDocument,
		"aws:ssm/getParameter:getParameter":                   getParameter,
	}
}

// Invoke answers data sources; what they return of a secret argument stays secret.
func (s *server) Invoke(_ context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	fn, ok := s.invokes[r.GetTok()]
	if !ok {
		return nil, fmt.Errorf("the local stack's AWS has no %s: add it to the table in tests/local/plugins/aws/invoke.go", r.GetTok())
	}
	args, err := unmarshal(r.GetArgs())
	if err != nil {
		return nil, fmt.Errorf("reading the arguments: %w", err)
	}
	state, err := s.store.Load()
	if err != nil {
		return nil, err
	}
	result, err := fn(s.account(state), plain(args))
	if err != nil {
		return nil, fmt.Errorf("invoking %s: %w", r.GetTok(), err)
	}
	out := args.Copy()
	maps.Copy(out, shadow(args, result))
	if !out.HasValue("id") {
		out["id"] = resource.NewProperty(digest(r.GetTok())[:10])
	}
	ret, err := marshal(out)
	return &pulumirpc.InvokeResponse{Return: ret}, err
}
