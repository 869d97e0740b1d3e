package cms

import (
	"errors"
	"fmt"
)

// Tags, in the one byte that all of them have here.
const (
	tagOctetString = 0x04
	tagOID         = 0x06
	tagSequence    = 0x30
	tagSet         = 0x31
	tagContext0    = 0x80 // [0] of a primitive type
	constructed    = 0x20
)

// limits keep a hostile answer from costing more than its own size.
const (
	maxBytes = 1 << 20
	maxDepth = 16
)

// node is a value in BER.
type node struct {
	tag      byte
	content  []byte // of a primitive one
	children []node // of a constructed one
}

// parse reads one value, and says what is left behind it.
func parse(b []byte, depth int) (node, []byte, error) {
	if depth > maxDepth {
		return node{}, nil, errors.New("it is nested too deeply")
	}
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return node{}, nil, errors.New("it is cut off, or has a tag of several bytes")
	}
	n := node{tag: b[0]}
	length, rest, err := parseLength(b[1:])
	switch {
	case err != nil:
		return node{}, nil, err
	case length < 0 && n.tag&constructed == 0:
		return node{}, nil, errors.New("a primitive value has no length")
	case length < 0:
		n.children, rest, err = parseUntilEnd(rest, depth+1)
		return n, rest, err
	case n.tag&constructed == 0:
		n.content = rest[:length]
		return n, rest[length:], nil
	}
	for inner := rest[:length]; len(inner) > 0; {
		var child node
		if child, inner, err = parse(inner, depth+1); err != nil {
			return node{}, nil, err
		}
		n.children = append(n.children, child)
	}
	return n, rest[length:], nil
}

// parseLength returns -1 for an indefinite one. A definite one lies within what follows.
func parseLength(b []byte) (int, []byte, error) {
	if b[0] < 0x80 {
		return fits(int(b[0]), b[1:])
	}
	count := int(b[0] & 0x7f)
	if count == 0 {
		return -1, b[1:], nil
	}
	if count > 4 || len(b) < 1+count {
		return 0, nil, fmt.Errorf("a length has %d bytes", count)
	}
	length := 0
	for _, digit := range b[1 : 1+count] {
		length = length<<8 | int(digit)
	}
	return fits(length, b[1+count:])
}

func fits(length int, rest []byte) (int, []byte, error) {
	if length > len(rest) {
		return 0, nil, fmt.Errorf("a value of %d bytes has only %d", length, len(rest))
	}
	return length, rest, nil
}

// parseUntilEnd reads values up to two zero bytes.
func parseUntilEnd(b []byte, depth int) (children []node, rest []byte, err error) {
	for {
		if len(b) >= 2 && b[0] == 0 && b[1] == 0 {
			return children, b[2:], nil
		}
		var child node
		if child, b, err = parse(b, depth); err != nil {
			return nil, nil, err
		}
		children = append(children, child)
	}
}

// octets joins the parts of a string. tag is that of the string as a whole.
func (n node) octets(tag byte) ([]byte, error) {
	switch n.tag {
	case tag:
		return n.content, nil
	case tag | constructed:
	default:
		return nil, fmt.Errorf("tag %#x is not that of a string", n.tag)
	}
	var all []byte
	for _, part := range n.children {
		b, err := part.octets(tagOctetString)
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	return all, nil
}
