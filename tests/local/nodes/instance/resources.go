package instance

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Capacity is what kubelet reports the node to have. CPUs that are offline are
// not in it; hugepages are part of the memory.
func (m Machine) Capacity() corev1.ResourceList {
	list := m.hugepages()
	list[corev1.ResourceCPU] = *resource.NewQuantity(int64(m.onlineCPUs()), resource.DecimalSI)
	list[corev1.ResourceMemory] = mebibytes(usableMiB(m.Shape))
	list[corev1.ResourcePods] = *resource.NewQuantity(int64(m.maxPods()), resource.DecimalSI)
	list[corev1.ResourceEphemeralStorage] = mebibytes(80 * 1024)
	return list
}

// Allocatable is what is left for pods: without kube-reserved and, of the
// memory, without the hugepages and the eviction threshold.
func (m Machine) Allocatable() corev1.ResourceList {
	const eviction = 100
	list := m.Capacity()
	cpu := int64(m.onlineCPUs()*1000) - reservedMilliCPU(m.Shape.VCPUs)
	memory := usableMiB(m.Shape) - m.hugeMiB() - (255 + 11*m.maxPods()) - eviction
	list[corev1.ResourceCPU] = *resource.NewMilliQuantity(max(0, cpu), resource.DecimalSI)
	list[corev1.ResourceMemory] = mebibytes(max(0, memory))
	return list
}

func (m Machine) onlineCPUs() int { return m.Shape.VCPUs - m.OfflineCPUs }

func (m Machine) maxPods() int {
	if m.Shape.MaxPods > 0 {
		return m.Shape.MaxPods
	}
	return 110
}

func (m Machine) hugeMiB() (total int) {
	for size, count := range m.Pages {
		total += size * count / 1024
	}
	return total
}

// hugepages has an entry for every size of the architecture: kubelet reports
// zeros too.
func (m Machine) hugepages() corev1.ResourceList {
	list := corev1.ResourceList{}
	for _, size := range pageSizes(m.Shape) {
		name := corev1.ResourceName("hugepages-" + pageName(size))
		list[name] = *resource.NewQuantity(int64(size)*int64(m.Pages[size])*1024, resource.BinarySI)
	}
	return list
}

func pageName(kib int) string {
	if kib%(1<<20) == 0 {
		return strconv.Itoa(kib>>20) + "Gi"
	}
	return strconv.Itoa(kib>>10) + "Mi"
}

// reservedMilliCPU is nodeadm's kube-reserved: 6 % of the first core, 1 % of the
// second, 0.5 % of the third and fourth, 0.25 % of the others. nodeadm counts
// all CPUs, because it runs before any goes offline.
func reservedMilliCPU(cpus int) int64 {
	tenths := 0
	for i := range cpus {
		switch {
		case i == 0:
			tenths += 600
		case i == 1:
			tenths += 100
		case i < 4:
			tenths += 50
		default:
			tenths += 25
		}
	}
	return int64((tenths + 9) / 10)
}

func mebibytes(n int) resource.Quantity {
	return *resource.NewQuantity(int64(n)<<20, resource.BinarySI)
}
