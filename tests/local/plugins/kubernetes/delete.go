package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Delete removes the object and waits until it is gone.
func (p *provider) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	known, err := unmarshal(r.GetProperties())
	if err != nil {
		return nil, err
	}
	t, err := p.openID(ctx, r.GetUrn(), r.GetId(), known)
	if err != nil {
		return nil, err
	}
	limit := patience(resource.PropertyMap{}, r.GetTimeout())
	return &emptypb.Empty{}, p.remove(ctx, t, types.UID(text(field(known, "metadata", "uid"))), limit)
}

// remove deletes the object that the state knows. One of the same name that
// somebody has made since is not ours.
func (p *provider) remove(ctx context.Context, t *target, uid types.UID, limit time.Duration) error {
	background := metav1.DeletePropagationBackground
	options := metav1.DeleteOptions{PropagationPolicy: &background}
	if uid != "" {
		options.Preconditions = &metav1.Preconditions{UID: &uid}
	}
	err := t.client.Delete(ctx, t.name, options)
	if apierrors.IsNotFound(err) || (apierrors.IsConflict(err) && uid != "") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting %s: %w", t, err)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		live, err := t.client.Get(ctx, t.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && uid != "" && live.GetUID() != uid {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("deleting %s: it is still there: %w", t, ctx.Err())
		case <-time.After(pollPause):
		}
	}
}
