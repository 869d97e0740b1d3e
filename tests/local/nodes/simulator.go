package nodes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// interval is the time between two looks at the account.
const interval = 300 * time.Millisecond

// Simulator keeps the nodes of one stack.
type Simulator struct {
	// Account is the path of the AWS stand-in's file.
	Account string
	// Client has the administrator's rights.
	Client kubernetes.Interface
	// Log gets what is done and what fails.
	Log *slog.Logger
}

// Run works until the context ends. What fails is tried again.
func (s *Simulator) Run(ctx context.Context) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	last := ""
	for {
		message := ""
		if err := s.step(ctx); err != nil && ctx.Err() == nil {
			message = err.Error()
		}
		if message != last && message != "" { // not three times a second
			s.Log.Error("keeping the nodes", "error", message)
		}
		last = message
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// step does once what is to do now.
func (s *Simulator) step(ctx context.Context) error {
	state, err := awsstate.Load(s.Account)
	if err != nil {
		return err
	}
	all, err := groups(state)
	if err != nil {
		return err
	}
	have, err := s.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: ownerLabel})
	if err != nil {
		return fmt.Errorf("listing nodes: %w", err)
	}
	return errors.Join(s.apply(ctx, makePlan(have.Items, wanted(all))), s.plugIn(ctx, have.Items))
}

func (s *Simulator) apply(ctx context.Context, p plan) error {
	for _, name := range p.remove {
		if err := s.remove(ctx, name); err != nil {
			return fmt.Errorf("removing node %s: %w", name, err)
		}
	}
	for _, node := range p.create {
		s.Log.Info("node joins", "node", node.Name, "group", node.Labels[ownerLabel],
			"type", node.Labels[corev1.LabelInstanceTypeStable], "refused", node.Annotations[refusedAnnotation])
		_, err := s.Client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating node %s: %w", node.Name, err)
		}
	}
	for _, node := range p.label {
		if err := s.relabel(ctx, node); err != nil {
			return fmt.Errorf("labelling node %s: %w", node.Name, err)
		}
	}
	return nil
}

// remove terminates an instance: the node goes, and its pods with it.
func (s *Simulator) remove(ctx context.Context, name string) error {
	s.Log.Info("node leaves", "node", name)
	if err := s.Client.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	pods, err := s.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + name})
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		err := s.Client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, *metav1.NewDeleteOptions(0))
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// relabel puts the group's labels and taints on a node that runs.
func (s *Simulator) relabel(ctx context.Context, want *corev1.Node) error {
	node, err := s.Client.CoreV1().Nodes().Get(ctx, want.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	maps.Copy(node.Labels, want.Labels)
	node.Spec.Taints = withTaints(node.Spec.Taints, want.Spec.Taints)
	_, err = s.Client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{})
	return err
}

// plugIn gives the nodes what the device plugin advertises there.
func (s *Simulator) plugIn(ctx context.Context, have []corev1.Node) error {
	if len(have) == 0 {
		return nil
	}
	pods, err := s.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing pods: %w", err)
	}
	for i := range have {
		node := &have[i]
		status, changed := withDevices(node, advertised(node, pods.Items))
		if !changed || !ready(node) {
			continue
		}
		node.Status = status
		if _, err := s.Client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
			if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
				continue // next time
			}
			return fmt.Errorf("updating node %s: %w", node.Name, err)
		}
	}
	return nil
}
