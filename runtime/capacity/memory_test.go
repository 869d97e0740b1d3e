package capacity

import "testing"

func TestLeastMemoryMiB(t *testing.T) {
	const mib = 1 << 20
	for bytes, want := range map[int64]int{
		0: MinEnclaveMiB, 1: MinEnclaveMiB, 16 * mib: 64, 16*mib + 1: 66, 20 * mib: 80, 20*mib + mib/4: 82, 5 << 30: 20480,
	} {
		if got := LeastMemoryMiB(bytes); got != want {
			t.Errorf("%d bytes: got %d MiB, want %d", bytes, got, want)
		}
	}
}
