// Package podcheck says of a chamber's pods whether they are what they should be, and
// what to do where they are not. It is a pure function of what was read of them:
// Kubernetes objects, the supervisor's own description, answers of the pod's ports, and
// attestation documents, which it verifies.
package podcheck

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

// Facts are what was read of one pod. What nobody asked for is zero.
type Facts struct {
	Pod corev1.Pod
	// Supervisor is what the supervisor says of itself. Of a pod that was asked, either
	// this or SupervisorErr is set.
	Supervisor    *admin.Description
	SupervisorErr error
	// Up, Health and Keys are answers of the signer, Ready one of the supervisor.
	Up, Health, Ready, Keys Answer
	// Evidence is the enclave's attestation document.
	Evidence Evidence
	// Signature is the answer to a request for one.
	Signature Answer
}

// Answer is that of an HTTP request: a status with its body, or an error.
type Answer struct {
	Status int
	Body   string
	Err    error
}

// asked tells whether there was a request at all.
func (a Answer) asked() bool { return a.Status != 0 || a.Err != nil }

// Evidence is an attestation document, and the nonce that was chosen for it.
type Evidence struct {
	Nonce, Document []byte
	Err             error
}

// Options are what was asked for.
type Options struct {
	// Policy is what documents are verified by, without a nonce. Nil means that nobody
	// said which image must run: then nothing is verified.
	Policy *attest.Policy
}

// Running tells whether a pod has a chamber's container that can be asked.
func Running(pod *corev1.Pod) bool {
	status := containerStatus(pod)
	return status != nil && status.State.Running != nil
}

// Container is the chamber's container: the one that has an enclave's size in its
// environment. Sidecars that somebody has added have not.
func Container(pod *corev1.Pod) *corev1.Container {
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		for _, variable := range c.Env {
			if variable.Name == contract.EnvEnclaveCPUs {
				return c
			}
		}
	}
	if len(pod.Spec.Containers) == 0 {
		return nil
	}
	return &pod.Spec.Containers[0]
}

// Port is the number of a port of the chamber's container by its name, or the default.
func Port(pod *corev1.Pod, name string, otherwise int) int {
	c := Container(pod)
	if c == nil {
		return otherwise
	}
	for _, port := range c.Ports {
		if port.Name == name {
			return int(port.ContainerPort)
		}
	}
	return otherwise
}

func containerStatus(pod *corev1.Pod) *corev1.ContainerStatus {
	c := Container(pod)
	if c == nil {
		return nil
	}
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].Name == c.Name {
			return &pod.Status.ContainerStatuses[i]
		}
	}
	return nil
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return corev1.PodCondition{}
}
