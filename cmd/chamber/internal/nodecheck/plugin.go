package nodecheck

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// The device plugin's variables (0.4.1).
const (
	envCPUs  = "ENCLAVE_CPU_ADVERTISEMENT"
	envSlots = "MAX_ENCLAVES_PER_NODE"
)

// checkPlugin tells whether exactly one device plugin runs on the node. Without
// it, what kubelet says of slots and CPUs follows from that.
func (n *node) checkPlugin() bool {
	switch len(n.plugins) {
	case 0:
		n.addMissingPlugin()
		return false
	case 1:
	default:
		var names []string
		for i := range n.plugins {
			names = append(names, podName(&n.plugins[i]))
		}
		n.add(CheckPlugin, fmt.Sprintf("%d device plugins run here, %s: they register the same resources, and kubelet keeps the last one", len(names), strings.Join(names, " and ")),
			"keep one of their DaemonSets and delete the others")
		return false
	}
	pod := &n.plugins[0]
	n.checkPluginSpec(pod)
	if condition(pod, corev1.PodReady).Status == corev1.ConditionTrue {
		return true
	}
	n.add(CheckPlugin, fmt.Sprintf("the device plugin %s does not run: %s", podName(pod), whyNot(pod)),
		fmt.Sprintf("look at %s; a pod that is short of memory needs more than the 15Mi of AWS's manifest", describePod(pod)))
	return false
}

// checkPluginSpec checks what a pod that runs was given.
func (n *node) checkPluginSpec(pod *corev1.Pod) {
	if taint := n.taint(contract.TaintKey); taint != nil && !tolerates(pod, *taint) {
		n.add(CheckPlugin, fmt.Sprintf("the device plugin %s does not tolerate the taint %s: once it ends, it does not come back", podName(pod), taint.ToString()),
			"give its DaemonSet a toleration for the taint")
	}
	container := containerOf(pod)
	if !pinned(container.Image) {
		n.add(CheckPlugin, fmt.Sprintf("the device plugin's image %s is not pinned: each node runs what was the newest when it joined", container.Image),
			"give its DaemonSet an image with a version or a digest")
	}
	if value, known := envValue(container, envCPUs); known {
		if !isTrue(value) {
			n.add(CheckPlugin, fmt.Sprintf("the device plugin %s has %s %s, so that no enclave CPUs are offered and pods that ask for them wait forever", podName(pod), envCPUs, orUnset(value)),
				fmt.Sprintf("set %s to \"true\" in its DaemonSet", envCPUs))
		}
	}
	if value, known := envValue(container, envSlots); known && value != "" {
		if slots, err := strconv.Atoi(value); err != nil || slots < 1 || slots > contract.MaxEnclavesPerNode {
			n.add(CheckPlugin, fmt.Sprintf("the device plugin %s has %s %q, which it does not understand: it takes %d", podName(pod), envSlots, value, contract.MaxEnclavesPerNode),
				fmt.Sprintf("set %s to 1 to %d in its DaemonSet", envSlots, contract.MaxEnclavesPerNode))
		}
	}
}

// containerOf is the plugin's container: the first one, where a private mirror
// gave the image another name.
func containerOf(pod *corev1.Pod) *corev1.Container {
	if c := pluginContainer(pod); c != nil {
		return c
	}
	if len(pod.Spec.Containers) == 0 {
		return &corev1.Container{}
	}
	return &pod.Spec.Containers[0]
}

// envValue is a variable of the container, "" when it is not set. It is not known
// when it comes from elsewhere, such as a ConfigMap.
func envValue(c *corev1.Container, name string) (value string, known bool) {
	known = len(c.EnvFrom) == 0
	for _, variable := range c.Env { // the last one counts
		if variable.Name == name {
			value, known = variable.Value, variable.ValueFrom == nil
		}
	}
	return value, known
}

// pluginSlots is how many slots the plugin offers by its settings.
func pluginSlots(pod *corev1.Pod) (slots int, known bool) {
	value, known := envValue(containerOf(pod), envSlots)
	slots, err := strconv.Atoi(value)
	if err != nil || slots < 1 || slots > contract.MaxEnclavesPerNode {
		slots = contract.MaxEnclavesPerNode
	}
	return slots, known
}

// isTrue reads a switch as the plugin does.
func isTrue(value string) bool {
	on, err := strconv.ParseBool(value)
	return on && err == nil
}

func orUnset(value string) string {
	if value == "" {
		return "not set"
	}
	return strconv.Quote(value)
}

// pinned: the image has a digest, or a tag that is not "latest".
func pinned(image string) bool {
	if strings.Contains(image, "@") {
		return true
	}
	slash, colon := strings.LastIndex(image, "/"), strings.LastIndex(image, ":")
	return colon > slash && image[colon+1:] != "latest"
}

// whyNot is what kubelet says of a pod that does not run.
func whyNot(pod *corev1.Pod) string {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		last := ""
		if ended := status.LastTerminationState.Terminated; ended != nil {
			last = "last ended with " + sentence(ended.Reason, ended.Message)
		}
		if waiting := status.State.Waiting; waiting != nil {
			return sentence(waiting.Reason, waiting.Message, last)
		}
		if ended := status.State.Terminated; ended != nil {
			return sentence(ended.Reason, ended.Message)
		}
	}
	c := condition(pod, corev1.PodReady)
	return sentence(string(pod.Status.Phase), c.Reason, c.Message)
}
