package capacity

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// PageSize is a hugepage size in Kubernetes's spelling.
type PageSize string

// The hugepage sizes that enclaves can use. 32Mi exists on arm64 only. arm64 also
// has 64Ki pages, which are below the 2 MiB that nitro-cli and the driver accept.
const (
	Page1Gi  PageSize = "1Gi"
	Page32Mi PageSize = "32Mi"
	Page2Mi  PageSize = "2Mi"
)

// MiB returns the size of one page in MiB, or 0 for an unknown size.
func (s PageSize) MiB() int {
	switch s {
	case Page1Gi:
		return 1024
	case Page32Mi:
		return 32
	case Page2Mi:
		return 2
	}
	return 0
}

// Resource returns the Kubernetes resource of pages of that size:
// "hugepages-1Gi".
func (s PageSize) Resource() string {
	return contract.ResourceHugepagesPrefix + string(s)
}

// PageSizes returns the hugepage sizes of an architecture that enclaves can use,
// largest first.
func (a Architecture) PageSizes() []PageSize {
	if a == ARM64 {
		return []PageSize{Page1Gi, Page32Mi, Page2Mi}
	}
	return []PageSize{Page1Gi, Page2Mi}
}

// Pages is a number of hugepages of one size.
type Pages struct {
	Size  PageSize
	Count int
}

// MiB returns the memory of all the pages.
func (p Pages) MiB() int { return p.Size.MiB() * p.Count }

// Quantity returns the memory as the shortest exact Kubernetes quantity: "2Gi",
// "512Mi".
func (p Pages) Quantity() string { return quantity(p.MiB()) }

// String returns the pages as people write them: "256x2Mi".
func (p Pages) String() string { return fmt.Sprintf("%dx%s", p.Count, p.Size) }

func quantity(mib int) string {
	switch {
	case mib != 0 && mib%(1<<20) == 0:
		return fmt.Sprintf("%dTi", mib>>20)
	case mib != 0 && mib%(1<<10) == 0:
		return fmt.Sprintf("%dGi", mib>>10)
	}
	return fmt.Sprintf("%dMi", mib)
}

// Split divides a memory size as AWS's allocator script does (function
// set_required_hugepages): as many pages of the largest size as fit, then the next
// size. Sizes with no page are left out. A size that is no multiple of 2 MiB loses
// its rest; New refuses it before.
func Split(a Architecture, mib int) []Pages {
	var pages []Pages
	for _, size := range a.PageSizes() {
		if n := mib / size.MiB(); n > 0 {
			pages = append(pages, Pages{size, n})
			mib -= n * size.MiB()
		}
	}
	return pages
}

// dividesInto tells whether the node's pages are exactly n times those of one
// enclave, size by size.
func dividesInto(node, enclave []Pages, n int) bool {
	if len(node) != len(enclave) {
		return false
	}
	for i, p := range enclave {
		if node[i] != (Pages{p.Size, p.Count * n}) {
			return false
		}
	}
	return true
}
