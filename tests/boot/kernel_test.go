package boot

import (
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	localkernel "github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/kernel"
)

// The kernel that Debian 12's compiler makes. Whoever changes it changes PCR0 and PCR1
// of every image with this kernel, so it is for the changelog.
const (
	debian12Compiler = "gcc (Debian 12.2.0-14+deb12u1) 12.2.0"
	debian12Linker   = "GNU ld (GNU Binutils for Debian) 2.40"
	debian12Kernel   = "7cb55655156ffc4b12468c9dd3171d7433bee20eb451c19adb5b4539bd08e395"
)

// TestKernelIsReproducible: the kernel that was built here has the bytes that were
// built elsewhere, and its record describes it.
func TestKernelIsReproducible(t *testing.T) {
	result := builtKernel(t)
	record, err := kernel.ReadRecord(result.Record)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := localkernel.Digest(result.Image); err != nil || got != record.SHA256 {
		t.Errorf("the kernel is %s, %v, its record says %s", got, err, record.SHA256)
	}
	t.Logf("%d bytes, %s", record.Size, record.SHA256)
	if record.Toolchain.Compiler != debian12Compiler || record.Toolchain.Linker != debian12Linker {
		t.Logf("another compiler makes another kernel: %+v", record.Toolchain)
		return
	}
	if record.SHA256 != debian12Kernel {
		t.Errorf("the kernel is %s, and was %s: if that is meant, change it here and in the changelog", record.SHA256, debian12Kernel)
	}
}
