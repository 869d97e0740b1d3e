package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	skipAnnotation    = "pulumi.com/skipAwait"
	timeoutAnnotation = "pulumi.com/timeoutSeconds"
	defaultTimeout    = 5 * time.Minute
	pollPause         = 250 * time.Millisecond
)

// applyAndAwait applies the object and waits until it works. When the waiting
// fails the object exists all the same, and the error carries its state.
func (p *provider) applyAndAwait(
	ctx context.Context, t *target, inputs resource.PropertyMap, timeout float64,
) (*structpb.Struct, error) {
	limit := patience(inputs, timeout)
	judge, err := judgeOf(t.kind.GroupKind(), inputs, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	live, err := t.apply(ctx, inputs)
	if err != nil {
		return nil, err
	}
	ready, awaitErr := p.await(ctx, t, live, judge, limit)
	if ready != nil {
		live = ready
	}
	outputs, err := marshal(outputsOf(live, inputs))
	if err != nil || awaitErr == nil {
		return outputs, err
	}
	marshalled, err := marshal(inputs)
	if err != nil {
		return nil, err
	}
	reason := fmt.Sprintf("%s was applied, but is not ready: %s", t, awaitErr)
	return outputs, rpcerror.WithDetails(rpcerror.New(codes.Unknown, reason), &pulumirpc.ErrorResourceInitFailed{
		Id: t.id(), Properties: outputs, Inputs: marshalled, Reasons: []string{reason},
	})
}

// patience is how long to wait: the customTimeouts of the resource, its
// annotation, or five minutes. Zero is not at all.
func patience(inputs resource.PropertyMap, timeout float64) time.Duration {
	if annotation(inputs, skipAnnotation) == "true" {
		return 0
	}
	if timeout > 0 {
		return time.Duration(timeout * float64(time.Second))
	}
	if seconds, err := strconv.Atoi(annotation(inputs, timeoutAnnotation)); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return defaultTimeout
}

func annotation(inputs resource.PropertyMap, name string) string {
	return text(field(inputs, "metadata", "annotations", name))
}

// judgeOf picks who says whether an object has arrived: its annotation, else what
// is built in for its kind. With no time to wait, or for other kinds, it is nobody.
func judgeOf(kind schema.GroupKind, inputs resource.PropertyMap, limit time.Duration) (judge, error) {
	if limit == 0 {
		return nil, nil
	}
	if expression := annotation(inputs, waitForAnnotation); expression != "" {
		return parseWaitFor(expression)
	}
	return judges[kind.String()], nil
}

// verdict is what one look at an object says.
type verdict struct {
	done    bool
	waiting string // what for, when not done
	failed  string // why it will not get there by itself
}

// await polls the object until it is ready and returns its last state.
func (p *provider) await(
	ctx context.Context, t *target, live *unstructured.Unstructured, judge judge, limit time.Duration,
) (*unstructured.Unstructured, error) {
	if judge == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	said := ""
	for {
		v := judge(live)
		switch {
		case v.done:
			return live, nil
		case v.failed != "":
			return live, errors.New(v.failed + p.podTrouble(context.WithoutCancel(ctx), t, live))
		}
		if v.waiting != said {
			said = v.waiting
			p.log.status(ctx, string(t.urn), "waiting: "+said)
		}
		select {
		case <-ctx.Done():
			return live, p.outOfTime(ctx, t, live, v, limit)
		case <-time.After(pollPause):
		}
		next, err := t.client.Get(ctx, t.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return live, fmt.Errorf("%s was deleted by somebody else", t)
		}
		if err == nil {
			live = next
		}
	}
}

func (p *provider) outOfTime(
	ctx context.Context, t *target, live *unstructured.Unstructured, v verdict, limit time.Duration,
) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return errors.New("cancelled while " + strings.TrimSpace(v.waiting))
	}
	return fmt.Errorf("timed out after %s: %s%s", limit, v.waiting, p.podTrouble(context.WithoutCancel(ctx), t, live))
}
