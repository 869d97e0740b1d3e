package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

// maxDocumentText holds the largest document in hexadecimal digits, with spaces between.
const maxDocumentText = 3*attest.MaxDocument + 1

// readDocument reads the named file, or in where there is none or its name is "-".
func readDocument(args []string, in io.Reader) ([]byte, error) {
	if len(args) == 0 || args[0] == "-" {
		return decodeDocument(in)
	}
	file, err := os.Open(args[0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	return decodeDocument(file)
}

// decodeDocument tells the encodings apart by how a document begins in each.
func decodeDocument(in io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxDocumentText))
	if err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}
	if len(text) == maxDocumentText {
		return nil, fmt.Errorf("reading the document: it goes on and on; a document has at most %d bytes", attest.MaxDocument)
	}
	// An array of four elements, or the tag of one.
	if len(text) > 0 && (text[0] == 0x84 || text[0] == 0xd2) {
		return text, nil
	}
	compact := bytes.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	switch {
	case len(compact) == 0:
		return nil, errors.New("reading the document: there is none")
	case hasAnyPrefix(compact, "84", "d2", "D2"):
		raw, err := hex.DecodeString(string(compact))
		if err != nil {
			return nil, fmt.Errorf("reading the document in hexadecimal digits: %w", err)
		}
		return raw, nil
	case hasAnyPrefix(compact, "hE", "0o"):
		return decodeBase64(string(compact))
	}
	return nil, fmt.Errorf("reading the document: it begins with %.16q, which is a COSE_Sign1 message neither in CBOR nor in base64 nor in hexadecimal digits", text)
}

func hasAnyPrefix(text []byte, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if bytes.HasPrefix(text, []byte(prefix)) {
			return true
		}
	}
	return false
}

// decodeBase64 takes both alphabets, with padding or without.
func decodeBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("reading the document in base64: %w", err)
	}
	return raw, nil
}
