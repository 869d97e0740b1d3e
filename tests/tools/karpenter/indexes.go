package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	karpenter "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// index is a field by which Karpenter's controllers look objects up in the cache.
// A look-up without one fails at run time.
type index struct {
	field string
	of    client.Object
	value func(client.Object) string
}

// by types the function that reads the field.
func by[T client.Object](of T, field string, value func(T) string) index {
	return index{field: field, of: of, value: func(o client.Object) string { return value(o.(T)) }}
}

// indexes are those that sigs.k8s.io/karpenter/pkg/operator sets up.
func indexes() []index {
	all := []index{
		by(&corev1.Pod{}, "spec.nodeName", func(o *corev1.Pod) string { return o.Spec.NodeName }),
		by(&corev1.Node{}, "spec.providerID", func(o *corev1.Node) string { return o.Spec.ProviderID }),
		by(&storagev1.VolumeAttachment{}, "spec.nodeName", func(o *storagev1.VolumeAttachment) string { return o.Spec.NodeName }),
		by(&karpenter.NodeClaim{}, "status.providerID", func(o *karpenter.NodeClaim) string { return o.Status.ProviderID }),
	}
	for name, part := range map[string]func(*karpenter.NodeClassReference) string{
		"group": func(r *karpenter.NodeClassReference) string { return r.Group },
		"kind":  func(r *karpenter.NodeClassReference) string { return r.Kind },
		"name":  func(r *karpenter.NodeClassReference) string { return r.Name },
	} {
		all = append(all,
			by(&karpenter.NodeClaim{}, "spec.nodeClassRef."+name, func(o *karpenter.NodeClaim) string { return part(o.Spec.NodeClassRef) }),
			by(&karpenter.NodePool{}, "spec.template.spec.nodeClassRef."+name, func(o *karpenter.NodePool) string {
				return part(o.Spec.Template.Spec.NodeClassRef)
			}),
		)
	}
	return all
}

// addIndexes fails when a custom resource definition is missing.
func addIndexes(ctx context.Context, to client.FieldIndexer) error {
	for _, i := range indexes() {
		read := func(o client.Object) []string { return []string{i.value(o)} }
		if err := to.IndexField(ctx, i.of, i.field, read); err != nil {
			return fmt.Errorf("indexing %T by %s: %w", i.of, i.field, err)
		}
	}
	return nil
}
