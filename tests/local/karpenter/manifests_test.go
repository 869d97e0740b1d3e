package karpenter

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// pool is a NodePool with its node class, as a program would make them.
const pool = `
apiVersion: karpenter.kwok.sh/v1alpha1
kind: KWOKNodeClass
metadata: {name: enclaves}
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: enclaves}
spec:
  template:
    metadata: {labels: {aws-nitro-enclaves-k8s-dp: enabled}}
    spec:
      nodeClassRef: {group: karpenter.kwok.sh, kind: KWOKNodeClass, name: enclaves}
      requirements:
      - {key: kubernetes.io/arch, operator: In, values: [amd64]}
      - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
      - {key: node.kubernetes.io/instance-type, operator: In, values: [m5.2xlarge, m5.4xlarge]}
      taints: [{key: enclaves, value: "true", effect: NoSchedule}]
      expireAfter: Never
  disruption: {consolidationPolicy: WhenEmpty, consolidateAfter: 2s}
`

const overlay = `
apiVersion: karpenter.sh/v1alpha1
kind: NodeOverlay
metadata: {name: enclaves}
spec:
  weight: 10
  requirements: [{key: karpenter.sh/nodepool, operator: In, values: [enclaves]}]
  capacity:
    ` + contract.ResourceEnclaves + `: "2"
    ` + contract.ResourceEnclaveCPUs + `: "4"
    hugepages-2Mi: 4Gi
`

// asker is a Deployment of one pod that asks for an enclave.
func asker(name string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: default}
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {aws-nitro-enclaves-k8s-dp: enabled}
      tolerations: [{key: enclaves, value: "true", effect: NoSchedule}]
      containers:
      - name: main
        image: example.invalid/enclave:1
        resources:
          limits: {cpu: 100m, memory: 128Mi, hugepages-2Mi: 1Gi, %[2]s: "1", %[3]s: "2"}
`, name, contract.ResourceEnclaves, contract.ResourceEnclaveCPUs)
}
