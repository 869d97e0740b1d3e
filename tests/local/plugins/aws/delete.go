package main

import (
	"context"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// Delete removes a resource, unless AWS would refuse. One that has gone already is no error.
func (s *server) Delete(_ context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	typ, sp, err := s.lookup(r.GetUrn())
	if err != nil {
		return nil, err
	}
	err = s.store.Update(func(st *awsstate.State) error {
		a := s.account(st)
		res, ok := a.Get(typ, r.GetId())
		if !ok {
			return nil
		}
		if sp.remove != nil {
			if err := sp.remove(a, res); err != nil {
				return err
			}
		}
		st.Delete(typ, r.GetId())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("deleting %s %q: %w", typ, r.GetId(), err)
	}
	return &emptypb.Empty{}, nil
}
