package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// target is one object in the cluster and the way to it.
type target struct {
	urn             resource.URN
	kind            schema.GroupVersionKind
	namespace, name string
	client          dynamic.ResourceInterface
}

// open finds the object that the inputs describe.
func (p *provider) open(ctx context.Context, urn string, inputs resource.PropertyMap) (*target, error) {
	kind, err := kindOf(resource.URN(urn), inputs)
	if err != nil {
		return nil, err
	}
	t := &target{
		urn: resource.URN(urn), kind: kind,
		namespace: text(field(inputs, "metadata", "namespace")), name: text(field(inputs, "metadata", "name")),
	}
	return t, p.connectTo(ctx, t)
}

// openID finds the object of an id, which is namespace/name or name.
func (p *provider) openID(ctx context.Context, urn, id string, known resource.PropertyMap) (*target, error) {
	kind, err := kindOf(resource.URN(urn), known)
	if err != nil {
		return nil, err
	}
	t := &target{urn: resource.URN(urn), kind: kind, name: id}
	if namespace, name, found := strings.Cut(id, "/"); found {
		t.namespace, t.name = namespace, name
	} else if p.hasNamespace(kind) {
		t.namespace = p.defaultNamespace()
	}
	return t, p.connectTo(ctx, t)
}

func (p *provider) connectTo(ctx context.Context, t *target) (err error) {
	if t.client, err = p.cluster.client(ctx, t.kind, t.namespace); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	return nil
}

func (t *target) id() string {
	if t.namespace == "" {
		return t.name
	}
	return t.namespace + "/" + t.name
}

// String names the object in messages: "Deployment default/app".
func (t *target) String() string { return t.kind.Kind + " " + t.id() }

// manager is the name under which the object's fields are owned. It is the
// resource's own, so that two resources with one name do not take over from each
// other unnoticed.
func (t *target) manager() string {
	sum := sha256.Sum256([]byte(t.urn))
	return "pulumi-kubernetes-" + hex.EncodeToString(sum[:4])
}
