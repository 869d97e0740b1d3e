package eth2

import (
	"crypto/sha256"
	"encoding/binary"
)

// container is the root of a container from those of its fields. The tree has as many
// leaves as the next power of two; those without a field are zero.
func container(fields ...Root) Root {
	width := 1
	for width < len(fields) {
		width *= 2
	}
	level := make([]Root, width)
	copy(level, fields)
	for ; len(level) > 1; level = level[:len(level)/2] {
		for i := range len(level) / 2 {
			level[i] = parent(level[2*i], level[2*i+1])
		}
	}
	return level[0]
}

func parent(left, right Root) Root {
	var both [64]byte
	copy(both[:32], left[:])
	copy(both[32:], right[:])
	return sha256.Sum256(both[:])
}

// leaf is the root of a number: 8 bytes, the lowest first, and zeros.
func (u Uint) leaf() Root {
	var r Root
	binary.LittleEndian.PutUint64(r[:], uint64(u))
	return r
}

// short is the root of at most 32 bytes.
func short(b []byte) Root {
	var r Root
	copy(r[:], b)
	return r
}

// root is that of 48 bytes, which are two chunks.
func (k PublicKey) root() Root { return container(short(k[:32]), short(k[32:])) }
