package nodetags

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AWS's limits of tags: EC2 Auto Scaling user guide, "Tag naming and usage
// restrictions"; EKS user guide, "Tag restrictions".
const (
	// MaxTags is the most tags that one Auto Scaling group or node group has.
	MaxTags      = 50
	maxKeyChars  = 128
	maxTextChars = 256
	// tagSymbols are allowed beside letters, digits and spaces.
	tagSymbols = "+-=._:/@"
)

// checked returns the tag, or what AWS would refuse of it.
func (t Tag) checked() (Tag, error) {
	if n := utf8.RuneCountInString(t.Key); n > maxKeyChars {
		return Tag{}, fmt.Errorf("the tag key %q has %d characters, and AWS takes %d", t.Key, n, maxKeyChars)
	}
	if n := utf8.RuneCountInString(t.Value); n > maxTextChars {
		return Tag{}, fmt.Errorf("the value of the tag %q has %d characters, and AWS takes %d", t.Key, n, maxTextChars)
	}
	for _, text := range []string{t.Key, t.Value} {
		if i := strings.IndexFunc(text, refused); i >= 0 {
			r, _ := utf8.DecodeRuneInString(text[i:])
			return Tag{}, fmt.Errorf("the tag %q has %q in %q, and AWS takes letters, digits, spaces and %s", t.Key, r, text, tagSymbols)
		}
	}
	return t, nil
}

func refused(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsSpace(r) && !strings.ContainsRune(tagSymbols, r)
}
