package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/pager"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/nodecheck"
)

// readCluster lists the nodes, and the pods that matter: those on enclave nodes,
// and those on no node yet. A cluster has too many others.
func readCluster(ctx context.Context, c client.CoreV1Interface, selector string) (nodecheck.Cluster, error) {
	var cluster nodecheck.Cluster
	err := list(ctx, metav1.ListOptions{LabelSelector: selector}, c.Nodes().List, func(n *corev1.Node) {
		if nodecheck.EnclaveNode(n) {
			cluster.Nodes = append(cluster.Nodes, *n)
		}
	})
	if err != nil {
		return cluster, listError("nodes", "nodes", err)
	}
	places := []string{""}
	for i := range cluster.Nodes {
		places = append(places, cluster.Nodes[i].Name)
	}
	for _, place := range places {
		options := metav1.ListOptions{FieldSelector: "spec.nodeName=" + place}
		err := list(ctx, options, c.Pods(metav1.NamespaceAll).List, func(p *corev1.Pod) { cluster.Pods = append(cluster.Pods, *p) })
		if err != nil {
			return cluster, listError("pods", "nodes", err)
		}
	}
	return cluster, nil
}

// listError names the command whose help says which rights it needs.
func listError(what, command string, err error) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("listing %s: %w; chamber %s --help says which rights it needs", what, err, command)
	}
	return fmt.Errorf("listing %s: %w", what, err)
}

// list calls each for every object, page after page.
func list[T any, L runtime.Object](ctx context.Context, options metav1.ListOptions, page func(context.Context, metav1.ListOptions) (L, error), each func(*T)) error {
	pages := pager.New(func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return page(ctx, o) })
	return pages.EachListItem(ctx, options, func(object runtime.Object) error {
		item, ok := object.(any).(*T)
		if !ok {
			return fmt.Errorf("the server sent a %T", object)
		}
		each(item)
		return nil
	})
}
