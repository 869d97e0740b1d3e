package attesttest

import (
	"bytes"
	"crypto/sha512"
)

// ModuleID is the NSM that documents of this package name.
const ModuleID = "i-0123456789abcdef0-enc0123456789abcdef"

// PCR returns the value that a register has in documents of this package: of PCR0 to
// PCR2 that of a made-up image, of the others zeros.
func PCR(index int) []byte {
	if index > 2 {
		return make([]byte, sha512.Size384)
	}
	return bytes.Repeat([]byte{byte(0xa0 + index)}, sha512.Size384)
}

// locked is how many registers are locked when an enclave starts.
const locked = 16

func registers() map[uint64][]byte {
	pcrs := make(map[uint64][]byte, locked)
	for index := range locked {
		pcrs[uint64(index)] = PCR(index)
	}
	return pcrs
}
