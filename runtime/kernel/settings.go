package kernel

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Normal is a fragment without its comments and with one form for each setting: a better
// word must not cost a build.
func Normal(fragment string) (string, error) {
	settings, err := Parse(fragment)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, s := range settings {
		text.WriteString(s.Name + "=" + s.Value + "\n")
	}
	return text.String(), nil
}

// SettingsDigest is what the record of a kernel has as SettingsSHA256 when it was built
// from this package's fragment: by it a program knows the kernels of its own version.
func SettingsDigest(a Architecture) (string, error) {
	fragment, err := Fragment(a)
	if err != nil {
		return "", err
	}
	text, err := Normal(fragment)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}
