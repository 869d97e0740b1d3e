package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	nameLabel   = "app.kubernetes.io/name"
	chamberName = "containment-chamber"
	slots       = "aws.ec2.nitro/nitro_enclaves"
	enclaveCPUs = "aws.ec2.nitro/nitro_enclaves_cpus"
	hugepages   = "hugepages-"
)

// Gather reads the report from the cluster. The outputs are the Pulumi stack's.
func Gather(ctx context.Context, client kubernetes.Interface, outputs map[string]any) (r Report, err error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return r, fmt.Errorf("listing nodes: %w", err)
	}
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return r, fmt.Errorf("listing pods: %w", err)
	}
	services, err := client.CoreV1().Services("").List(ctx, metav1.ListOptions{LabelSelector: nameLabel + "=" + chamberName})
	if err != nil {
		return r, fmt.Errorf("listing services: %w", err)
	}
	for i := range nodes.Items {
		r.Nodes = append(r.Nodes, describeNode(&nodes.Items[i], pods.Items))
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		r.Pods = append(r.Pods, Pod{pod.Namespace, pod.Name, pod.Spec.NodeName, state(pod)})
	}
	for i := range services.Items {
		r.Services = append(r.Services, describeService(&services.Items[i]))
	}
	r.Outputs, err = describeOutputs(outputs)
	return r, err
}

// describeNode subtracts from a node what its pods request.
func describeNode(node *corev1.Node, pods []corev1.Pod) Node {
	used := corev1.ResourceList{}
	for i := range pods {
		if pods[i].Spec.NodeName == node.Name && !ended(&pods[i]) {
			add(used, &pods[i])
		}
	}
	total := node.Status.Allocatable
	share := func(name corev1.ResourceName) Use {
		all, taken := total[name], used[name]
		return Use{Used: taken.Value(), Total: all.Value()}
	}
	n := Node{
		Name: node.Name, InstanceType: node.Labels[corev1.LabelInstanceTypeStable], Pages: map[string]Use{},
		Slots: share(slots), EnclaveCPUs: share(enclaveCPUs),
		FreeMilliCPU: total.Cpu().MilliValue() - used.Cpu().MilliValue(),
		FreeMemory:   total.Memory().Value() - used.Memory().Value(),
	}
	for name := range total {
		if size, ok := strings.CutPrefix(string(name), hugepages); ok {
			n.Pages[size] = share(name)
		}
	}
	return n
}

// add adds what a pod requests. Init containers of the chamber ask for nothing
// more, so the sum of the containers is the pod's.
func add(list corev1.ResourceList, pod *corev1.Pod) {
	for _, container := range pod.Spec.Containers {
		for name, quantity := range container.Resources.Requests {
			sum := list[name]
			sum.Add(quantity)
			list[name] = sum
		}
	}
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func state(pod *corev1.Pod) string {
	if pod.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, c := range pod.Status.Conditions {
		switch {
		case c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue:
			return "Ready"
		case c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse:
			return string(pod.Status.Phase) + ": " + c.Message
		}
	}
	return string(pod.Status.Phase)
}

func describeService(service *corev1.Service) Service {
	var ports []string
	for _, port := range service.Spec.Ports {
		ports = append(ports, fmt.Sprintf("%s %d", cmp.Or(port.Name, "-"), port.Port))
	}
	return Service{service.Namespace, service.Name, service.Spec.ClusterIP, strings.Join(ports, ", ")}
}

// describeOutputs lists the outputs, one line for each value inside of objects.
func describeOutputs(outputs map[string]any) ([]Output, error) {
	var list []Output
	for name, value := range outputs {
		described, err := describeOutput(name, value)
		if err != nil {
			return nil, err
		}
		list = append(list, described...)
	}
	slices.SortFunc(list, func(a, b Output) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func describeOutput(name string, value any) ([]Output, error) {
	switch value := value.(type) {
	case string:
		return []Output{{name, value}}, nil
	case map[string]any:
		fields := map[string]any{}
		for key, field := range value {
			fields[name+"."+key] = field
		}
		return describeOutputs(fields)
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("output %s: %w", name, err)
	}
	return []Output{{name, string(data)}}, nil
}
