package karpenter

import (
	"strings"
)

const nodeClass = `
apiVersion: karpenter.k8s.aws/v1
kind: EC2NodeClass
metadata: {name: enclaves}
spec:
  role: nodes
  amiSelectorTerms: [{alias: al2023@v20260724}]
  subnetSelectorTerms: [{tags: {karpenter.sh/discovery: demo}}]
  securityGroupSelectorTerms: [{tags: {karpenter.sh/discovery: demo}}]
  enclaveOptions: {enabled: true}
`

// testDefinitions installs the definitions of 1.14 and then those of 1.15 over
// them. Only with the second can an EC2NodeClass have enclaves.
func (w *world) testDefinitions() {
	w.Helper()
	for _, step := range []struct {
		version Version
		refuses bool
	}{{V114, true}, {V115, false}, {V115, false}} {
		if err := InstallCRDs(w.Context(), w.cp, step.version); err != nil {
			w.Fatal(err)
		}
		err := kubectl(w.Context(), w.cp, strings.NewReader(nodeClass), "apply", "--server-side", "--dry-run=server", "-f", "-")
		if (err != nil) != step.refuses || err != nil && !strings.Contains(err.Error(), "enclaveOptions") {
			w.Errorf("an EC2NodeClass with enclaves under %s: %v", step.version, err)
		}
	}
}

// testRemoval removes the definitions, twice.
func (w *world) testRemoval() {
	w.Helper()
	for range 2 {
		if err := RemoveCRDs(w.Context(), w.cp); err != nil {
			w.Fatal(err)
		}
	}
	_, resources, err := w.client.Discovery().ServerGroupsAndResources()
	if err != nil {
		w.Fatal(err)
	}
	for _, list := range resources {
		if strings.Contains(list.GroupVersion, "karpenter") {
			w.Errorf("%s is still served", list.GroupVersion)
		}
	}
}
