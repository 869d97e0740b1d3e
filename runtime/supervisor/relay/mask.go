package relay

import (
	"regexp"
	"strings"
)

// stars stand for what was there.
const stars = "***"

// tokenBytes are what a token can consist of (RFC 6750's b64token, and what is common).
const tokenBytes = `A-Za-z0-9_\-.~+/=`

// secretName matches the names beside which a value is a secret whatever its form.
const secretName = `(?:aws[_-]?)?(?:session[_-]?token|secret[_-]?access[_-]?key)|x-amz-security-token|setup[_-]?token`

var (
	signerToken = regexp.MustCompile(`(cc-setup-|cc_token_)[` + tokenBytes + `]+`)
	webToken    = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,}`)
	// named ends where the value begins. Text logs write a value in quotes, with their
	// quotes escaped, or as Rust shows an optional one.
	named = regexp.MustCompile(`(?i)(?:` + secretName + `)[\\"']*\s*[:=]\s*(?:Some\()?[\\"']*`)

	secretKey  = regexp.MustCompile(`(?i)^(?:` + secretName + `)$`)
	setupKey   = regexp.MustCompile(`(?i)^setup[_-]?token$`)
	setupValue = regexp.MustCompile(`^cc-setup-[` + tokenBytes + `]+$`)
	setupToken = regexp.MustCompile(`(?i)(?:setup[_-]?token[\\"']*\s*[:=]\s*(?:Some\()?[\\"']*|setup token generated.{0,64}?)(cc-setup-[` + tokenBytes + `]+)`)
)

// endOfValue are the bytes before which the value of a name ends.
const endOfValue = " \t\r\n\v\f\\\"'&,;)}]"

// Mask replaces every secret in a text, for who shows lines of a log elsewhere.
func Mask(text string) string { return mask(text) }

// mask replaces every secret in a text. The rule for web tokens is the last: they are
// made of letters that could be a name or the first half of another token. Most lines
// have none of it, and the search for a plain word is much faster than that by a rule.
func mask(text string) string {
	if strings.Contains(text, "cc-setup-") || strings.Contains(text, "cc_token_") {
		text = signerToken.ReplaceAllString(text, "${1}"+stars)
	}
	if lower := strings.ToLower(text); strings.Contains(lower, "token") || strings.Contains(lower, "access") {
		text = maskNamed(text)
	}
	if strings.Contains(text, "eyJ") {
		text = webToken.ReplaceAllString(text, "eyJ"+stars)
	}
	return text
}

// maskNamed masks what follows a name, also where that is another name with its value.
func maskNamed(text string) string {
	var b strings.Builder
	done := 0
	for _, at := range named.FindAllStringIndex(text, -1) {
		start := at[1]
		end := len(text)
		if n := strings.IndexAny(text[start:], endOfValue); n >= 0 {
			end = start + n
		}
		if end == start || end <= done {
			continue
		}
		if start >= done { // else the name is within a value that is masked already
			b.WriteString(text[done:start] + stars)
		}
		done = end
	}
	return b.String() + text[done:]
}

// maskButOne masks a text except for the first setup token that stands beside its name.
// It tells whether there was one.
func maskButOne(text string) (string, bool) {
	if !strings.Contains(text, "cc-setup-") {
		return mask(text), false
	}
	at := setupToken.FindStringSubmatchIndex(text)
	if at == nil {
		return mask(text), false
	}
	// The name goes with what is before the token, which hides it from the rules for
	// names; what follows begins with a byte that no token has.
	return mask(text[:at[2]]) + text[at[2]:at[3]] + mask(text[at[3]:]), true
}

// colours are the terminal's, by which programs mark levels: they make a line unreadable
// here and can stand within what is searched for.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// clean removes colours and replaces what a terminal takes for a command and JSON does not
// escape.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if strings.Contains(text, "\x1b") {
		text = colours.ReplaceAllString(text, "")
	}
	return strings.Map(func(r rune) rune {
		if r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, text)
}
