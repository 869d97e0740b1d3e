package initramfs

import "fmt"

// Bounds of what is kept in memory for a tree or a layer. The largest images in use
// have a few hundred thousand files.
const (
	maxEntries   = 2 << 20
	maxNameBytes = 512 << 20
)

// budget is what is left of the bounds. It counts all that was ever added, so that
// replacing entries for ever ends too.
type budget struct{ entries, bytes int }

func newBudget() budget { return budget{entries: maxEntries, bytes: maxNameBytes} }

// spend takes one entry, with names of so many bytes.
func (b *budget) spend(bytes int) error {
	b.entries--
	b.bytes -= bytes
	if b.entries < 0 {
		return fmt.Errorf("more than %d entries: an enclave image has no room for them", maxEntries)
	}
	if b.bytes < 0 {
		return fmt.Errorf("more than %d bytes of names and link targets: an enclave image has no room for them", maxNameBytes)
	}
	return nil
}
