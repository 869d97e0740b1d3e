package main

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable quotes a text of strangers, from an image or a document, when a terminal could take it for a command.
func printable(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(text) {
		return strconv.Quote(text)
	}
	return text
}
