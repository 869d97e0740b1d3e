package eif

import "hash/crc32"

// joinCRC returns the CRC-32 of a followed by b from the CRCs of both and the length of
// b. The header comes first in the file but is known last, after everything that it
// describes was written and could not be read again.
//
// A CRC is the remainder of a polynomial over GF(2), so appending b multiplies a's by
// x^(8·length).
func joinCRC(a, b uint32, length int64) uint32 {
	shift, power := uint32(one), uint32(x8)
	for ; length > 0; length >>= 1 {
		if length&1 != 0 {
			shift = multiply(shift, power)
		}
		power = multiply(power, power)
	}
	return multiply(a, shift) ^ b
}

// Polynomials as crc32.IEEE has them: the highest bit is the coefficient of x^0.
const (
	one = 1 << 31
	x8  = 1 << 23
)

// multiply multiplies modulo the polynomial of CRC-32.
func multiply(a, b uint32) uint32 {
	var product uint32
	for bit := uint32(one); bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= crc32.IEEE
		}
	}
	return product
}
