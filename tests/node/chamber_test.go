package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

const pages2Mi = contract.ResourceHugepagesPrefix + "2Mi"

// chamber is a chamber in a namespace of its own.
type chamber struct {
	t         *testing.T
	namespace string
	name      string
}

// edit changes the pod before it is created.
type edit = func(*appsv1.Deployment)

// deploy creates the chamber's objects and waits until as many pods are ready as are
// wanted, or as there are slots. They are gone when the test ends.
func deploy(t *testing.T, edits ...edit) *chamber {
	t.Helper()
	return deployAs(t, "", edits...)
}

// deployAs is deploy for tests with more than one chamber: suffix tells them apart.
func deployAs(t *testing.T, suffix string, edits ...edit) *chamber {
	t.Helper()
	c, wanted := begin(t, suffix, func(o *objects) {
		for _, edit := range edits {
			edit(&o.deployment)
		}
	})
	c.awaitReady(wanted)
	return c
}

// begin is deploy without the wait. It returns how many pods should get ready.
func begin(t *testing.T, suffix string, change func(*objects)) (c *chamber, wanted int) {
	t.Helper()
	needNode(t)
	o, err := registered()
	if err != nil {
		t.Fatal(err)
	}
	c = &chamber{t: t, namespace: strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")) + suffix, name: o.deployment.Name}
	fit(&o.deployment.Spec.Template.Spec)
	change(&o)
	c.create(o)
	t.Cleanup(c.remove)
	return c, min(slots, int(*o.deployment.Spec.Replicas))
}

// fit asks for pages of the size that this machine can set aside; the golden file's
// chamber runs on nodes with pages of 1 GiB.
func fit(spec *corev1.PodSpec) {
	for _, list := range []corev1.ResourceList{spec.Containers[0].Resources.Limits, spec.Containers[0].Resources.Requests} {
		for name := range list {
			if strings.HasPrefix(string(name), contract.ResourceHugepagesPrefix) {
				delete(list, name)
			}
		}
		list[pages2Mi] = *resource.NewQuantity(podPages<<21, resource.BinarySI)
	}
}

// brisk makes probes frequent and the drain short, where a test is not about them.
func brisk(d *appsv1.Deployment) {
	container := &d.Spec.Template.Spec.Containers[0]
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
		probe.PeriodSeconds = 1
	}
	drainFor(1)(d)
}

func drainFor(seconds int) edit {
	return func(d *appsv1.Deployment) { setEnv(d, contract.EnvDrainSeconds, fmt.Sprint(seconds)) }
}

func setEnv(d *appsv1.Deployment, name, value string) {
	env := &d.Spec.Template.Spec.Containers[0].Env
	*env = slices.DeleteFunc(*env, func(e corev1.EnvVar) bool { return e.Name == name })
	*env = append(*env, corev1.EnvVar{Name: name, Value: value})
}

func replicas(n int32) edit {
	return func(d *appsv1.Deployment) { d.Spec.Replicas = &n }
}

// create creates the objects in the order in which they need each other. The namespace
// keeps its Pod Security labels.
func (c *chamber) create(o objects) {
	c.t.Helper()
	o.namespace.Name = c.namespace
	for _, object := range []metav1.Object{&o.account, &o.service, &o.secret, &o.deployment} {
		object.SetNamespace(c.namespace)
	}
	ctx, options := c.t.Context(), metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}
	core := shared.client.CoreV1()
	var errs [5]error
	_, errs[0] = core.Namespaces().Create(ctx, &o.namespace, options)
	_, errs[1] = core.ServiceAccounts(c.namespace).Create(ctx, &o.account, options)
	_, errs[2] = core.Services(c.namespace).Create(ctx, &o.service, options)
	_, errs[3] = core.Secrets(c.namespace).Create(ctx, &o.secret, options)
	_, errs[4] = shared.client.AppsV1().Deployments(c.namespace).Create(ctx, &o.deployment, options)
	for _, err := range errs {
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

// remove deletes the chamber and waits until no pod is left, so that the next test finds
// all slots free. What a pod does with its grace period is for the tests.
func (c *chamber) remove() {
	ctx := context.WithoutCancel(c.t.Context())
	now := int64(0)
	if err := shared.client.AppsV1().Deployments(c.namespace).Delete(ctx, c.name, metav1.DeleteOptions{}); err != nil {
		c.t.Error(err)
	}
	eventually(c.t, func() string {
		pods := c.pods(ctx)
		for _, pod := range pods {
			_ = shared.client.CoreV1().Pods(c.namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
		}
		if len(pods) > 0 {
			return fmt.Sprintf("%d pods are left", len(pods))
		}
		return ""
	})
	if err := shared.client.CoreV1().Namespaces().Delete(ctx, c.namespace, metav1.DeleteOptions{}); err != nil {
		c.t.Error(err)
	}
}
