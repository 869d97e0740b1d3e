package nodecheck

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// replace says how the node gives way to a new one.
func (n *node) replace() string {
	return fmt.Sprintf("replace the node: `kubectl drain %s --ignore-daemonsets --delete-emptydir-data`, then %s", n.Name, n.terminate())
}

// terminate ends the instance. Its node group, or Karpenter, starts another one.
func (n *node) terminate() string {
	if id := n.instanceID(); id != "" {
		return fmt.Sprintf("`aws ec2 terminate-instances --instance-ids %s`", id)
	}
	return "terminate its instance in EC2"
}

// console is where the user data's scripts write to.
func (n *node) console() string {
	if id := n.instanceID(); id != "" {
		return fmt.Sprintf("`aws ec2 get-console-output --latest --output text --instance-id %s`", id)
	}
	return "the instance's system log"
}

// instanceID reads aws:///eu-central-1a/i-0123456789abcdef0; "" when it is not
// like that.
func (n *node) instanceID() string {
	id := n.Spec.ProviderID[strings.LastIndex(n.Spec.ProviderID, "/")+1:]
	if !strings.HasPrefix(n.Spec.ProviderID, "aws://") || !strings.HasPrefix(id, "i-") {
		return ""
	}
	return id
}

// restart makes the DaemonSet start the pod anew, which registers with kubelet
// and counts the CPUs again.
func restart(pod *corev1.Pod) string {
	return fmt.Sprintf("`kubectl -n %s delete pod %s`", pod.Namespace, pod.Name)
}

func describePod(pod *corev1.Pod) string {
	return fmt.Sprintf("`kubectl -n %s describe pod %s`", pod.Namespace, pod.Name)
}

// sentence joins what is not empty.
func sentence(parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, ": ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
