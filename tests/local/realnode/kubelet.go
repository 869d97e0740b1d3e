package realnode

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// kubeletConfig is a KubeletConfiguration: as on an EKS node where it matters to pods.
// Status updates are frequent because the node's readiness waits for one.
func kubeletConfig(dir string) map[string]any {
	return map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"failCgroupV1": false, "failSwapOn": false,
		"cgroupDriver": "cgroupfs", "cgroupRoot": "/" + cgroup,
		"containerRuntimeEndpoint": "unix://" + socket(dir),
		"address":                  Address, "healthzBindAddress": "127.0.0.1",
		// Only the node's own namespace reaches it.
		"authentication":         map[string]any{"anonymous": map[string]any{"enabled": true}, "webhook": map[string]any{"enabled": false}},
		"authorization":          map[string]any{"mode": "AlwaysAllow"},
		"makeIPTablesUtilChains": false,
		// Lowering the score and raising the limit take CAP_SYS_RESOURCE.
		"oomScoreAdj": 0, "maxOpenFiles": 10000,
		"clusterDNS": []string{Address}, "clusterDomain": "cluster.local", "resolvConf": "",
		"evictionHard": map[string]string{
			"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%",
		},
		"imageGCHighThresholdPercent": 100,
		"registerWithTaints": []any{map[string]any{
			"key": contract.TaintKey, "value": contract.TaintValue, "effect": contract.TaintEffect,
		}},
		"nodeStatusUpdateFrequency": "1s",
	}
}

// startKubelet starts it with the labels of our nodes.
func (n *inside) startKubelet(context.Context) error {
	config, err := json.Marshal(kubeletConfig(n.dir))
	if err != nil {
		return err
	}
	path := filepath.Join(n.dir, "kubelet.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		return err
	}
	return n.start("kubelet", n.options.Programs.KubeOne, "kubelet", "--config", path, "--kubeconfig", n.control.Kubeconfig,
		"--cert-dir", "/var/lib/kubelet/pki", "--hostname-override", Name, "--node-ip", Address,
		"--node-labels", contract.NodeLabel+"="+contract.NodeLabelValue)
}

// startDevicePlugin starts it after the kubelet, which first empties the folder of the
// plugins' sockets.
func (n *inside) startDevicePlugin(ctx context.Context) error {
	if n.options.Slots == 0 {
		return nil
	}
	err := n.await(ctx, "the kubelet to listen to device plugins", func(context.Context) error {
		_, err := os.Stat("/var/lib/kubelet/device-plugins/kubelet.sock")
		return err
	})
	if err != nil {
		return err
	}
	return n.start("device-plugin", n.options.Programs.KubeOne, "device-plugin",
		"--offer", fmt.Sprintf("%s=%d=%s=%s", contract.ResourceEnclaves, n.options.Slots, hostDevice, Device),
		"--offer", fmt.Sprintf("%s=%d", contract.ResourceEnclaveCPUs, n.options.EnclaveCPUs))
}

// awaitReady waits until the node is Ready and has all that pods will ask for.
func (n *inside) awaitReady(ctx context.Context) error {
	client, err := n.control.Client()
	if err != nil {
		return err
	}
	return n.await(ctx, "the node to be Ready", func(ctx context.Context) error {
		return checkReady(ctx, client, map[corev1.ResourceName]int64{
			contract.ResourceEnclaves: int64(n.options.Slots), contract.ResourceEnclaveCPUs: int64(n.options.EnclaveCPUs),
			contract.ResourceHugepagesPrefix + "2Mi": int64(n.options.HugePages) << 21,
		})
	})
}

func checkReady(ctx context.Context, client kubernetes.Interface, wanted map[corev1.ResourceName]int64) error {
	node, err := client.CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	ready := slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady })
	if ready < 0 || node.Status.Conditions[ready].Status != corev1.ConditionTrue {
		return fmt.Errorf("not Ready: %+v", node.Status.Conditions)
	}
	for _, taint := range node.Spec.Taints { // the one for a node that is not ready outlives the condition
		if taint.Key != contract.TaintKey {
			return fmt.Errorf("has the taint %s", taint.Key)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if has := node.Status.Allocatable[name]; has.Value() < wanted[name] {
			return fmt.Errorf("%s is %s, want %d", name, has.String(), wanted[name])
		}
	}
	return nil
}
