package nodes

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// amounts writes a list as "slots/cpus", with - for what is not in it.
func amounts(list corev1.ResourceList) string {
	text := func(name corev1.ResourceName) string {
		quantity, ok := list[name]
		if !ok {
			return "-"
		}
		return quantity.String()
	}
	return text(slotResource) + "/" + text(cpuResource)
}

func TestDevices(t *testing.T) {
	tests := []struct{ slots, cpus, want string }{
		{"", "", "4/-"},
		{"2", "", "2/-"},
		{"0", "false", "4/-"},
		{"5", "", "4/-"},
		{"many", "", "4/-"},
		{"3", "true", "3/6"},
		{"3", "1", "3/6"},
		{"3", "yes", "3/-"}, // strconv.ParseBool does not know it
	}
	for _, tt := range tests {
		env := []corev1.EnvVar{{Name: "MAX_ENCLAVES_PER_NODE", Value: tt.slots}, {Name: "ENCLAVE_CPU_ADVERTISEMENT", Value: tt.cpus}}
		if got := amounts(devices(env, "6")); got != tt.want {
			t.Errorf("%q, %q: %s, want %s", tt.slots, tt.cpus, got, tt.want)
		}
	}
}

func pluginPod(change func(*corev1.Pod)) corev1.Pod {
	pod := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "DaemonSet"}}},
		Spec: corev1.PodSpec{NodeName: "a", Containers: []corev1.Container{
			{Image: "public.ecr.aws/aws-nitro-enclaves/aws-nitro-enclaves-k8s-device-plugin:0.4.1"},
		}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	if change != nil {
		change(&pod)
	}
	return pod
}

func TestAdvertisedOnlyByARunningPlugin(t *testing.T) {
	tests := map[string]struct {
		change func(*corev1.Pod)
		want   string
	}{
		"running":        {want: "4/-"},
		"pending":        {func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }, "-/-"},
		"elsewhere":      {func(p *corev1.Pod) { p.Spec.NodeName = "b" }, "-/-"},
		"no daemon set":  {func(p *corev1.Pod) { p.OwnerReferences = nil }, "-/-"},
		"another image":  {func(p *corev1.Pod) { p.Spec.Containers[0].Image = "nginx" }, "-/-"},
		"private mirror": {func(p *corev1.Pod) { p.Spec.Containers[0].Image = "example.invalid/" + pluginImage + "@sha256:0" }, "4/-"},
	}
	for name, tt := range tests {
		n := node("g/a")
		if got := amounts(advertised(&n, []corev1.Pod{pluginPod(tt.change)})); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestWithDevices(t *testing.T) {
	list := func(slots, cpus int64) corev1.ResourceList {
		return corev1.ResourceList{
			slotResource: *resource.NewQuantity(slots, resource.DecimalSI), cpuResource: *resource.NewQuantity(cpus, resource.DecimalSI),
		}
	}
	n := node("g/a")
	n.Status.Capacity, n.Status.Allocatable = corev1.ResourceList{}, corev1.ResourceList{}
	if _, changed := withDevices(&n, nil); changed {
		t.Error("a node without a plugin changes")
	}
	status, changed := withDevices(&n, list(4, 6))
	if !changed || amounts(status.Capacity) != "4/6" || amounts(status.Allocatable) != "4/6" {
		t.Errorf("plugged in: %v %s %s", changed, amounts(status.Capacity), amounts(status.Allocatable))
	}
	n.Status = status
	if _, changed := withDevices(&n, list(4, 6)); changed {
		t.Error("the same again is a change")
	}
	status, changed = withDevices(&n, nil)
	if !changed || amounts(status.Capacity) != "4/6" || amounts(status.Allocatable) != "0/0" {
		t.Errorf("plugin gone: %v %s %s", changed, amounts(status.Capacity), amounts(status.Allocatable))
	}
}
