package kernel

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Setting is a line of a configuration.
type Setting struct {
	// Name starts with CONFIG_.
	Name string
	// Value is "y", "n", a number or a string with its quotes.
	Value string
	// Reason is the comment above the line, or above the group that it is in.
	Reason string
}

// Parse reads a fragment, or a finished configuration. It fails at a line that is
// neither setting, comment nor empty, and at a name that is set twice: kconfig
// would take the last and say so only in a warning.
func Parse(text string) ([]Setting, error) {
	var (
		settings []Setting
		reason   []string
		seen     = map[string]int{}
		after    bool // the line before was a setting
	)
	for i, line := range strings.Split(text, "\n") {
		comment, isComment := strings.CutPrefix(line, "#")
		switch {
		case line == "":
			reason, after = nil, false
		case isComment:
			if after {
				reason, after = nil, false
			}
			reason = append(reason, strings.TrimSpace(comment))
		default:
			name, value, found := strings.Cut(line, "=")
			if !found || !strings.HasPrefix(name, "CONFIG_") || !isValue(value) {
				return nil, fmt.Errorf("line %d: %q is no setting; write CONFIG_NAME=value", i+1, line)
			}
			if before := seen[name]; before > 0 {
				return nil, fmt.Errorf("line %d: %s is set in line %d already", i+1, name, before)
			}
			seen[name], after = i+1, true
			settings = append(settings, Setting{Name: name, Value: value, Reason: strings.Join(reason, " ")})
		}
	}
	return settings, nil
}

// isValue knows what kconfig writes: y, n, m, a number or a string. A comment behind
// it would be part of it to kconfig, too.
func isValue(text string) bool {
	switch text {
	case "y", "n", "m":
		return true
	}
	if quoted, found := strings.CutPrefix(text, `"`); found {
		return strings.HasSuffix(quoted, `"`)
	}
	_, err := strconv.ParseInt(text, 0, 64)
	_, large := strconv.ParseUint(text, 0, 64)
	return err == nil || large == nil
}

// Check compares the configuration that kconfig made with the fragment that it was
// given. Kconfig drops a line whose name it does not know or whose dependencies
// are not met, and switches on what another line selects, without a word. All
// differences are in the error.
func Check(fragment, config string) error {
	wanted, err := Parse(fragment)
	if err != nil {
		return fmt.Errorf("reading the fragment: %w", err)
	}
	made, err := Parse(config)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	got := make(map[string]string, len(made))
	for _, s := range made {
		got[s.Name] = s.Value
	}
	var all []error
	for _, s := range wanted {
		all = append(all, compare(s, got[s.Name]))
	}
	return errors.Join(all...)
}

func compare(want Setting, got string) error {
	switch {
	case want.Value == got, want.Value == "n" && got == "":
		return nil
	case want.Value == "n":
		return fmt.Errorf("%s=%s: wanted off; some other setting selects it", want.Name, got)
	case got == "":
		return fmt.Errorf("%s=%s is missing: kconfig does not know it, or something that it depends on is off", want.Name, want.Value)
	}
	return fmt.Errorf("%s=%s: wanted %s", want.Name, got, want.Value)
}
