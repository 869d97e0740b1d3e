package relay

import (
	"encoding/json"
	"strings"
)

// The levels of the supervisor's own lines, those of log/slog.
const (
	levelDebug = "DEBUG"
	levelInfo  = "INFO"
	levelWarn  = "WARN"
	levelError = "ERROR"
)

var levels = map[string]string{
	"TRACE": levelDebug, "DEBUG": levelDebug, "INFO": levelInfo, "NOTICE": levelInfo, "WARN": levelWarn, "WARNING": levelWarn,
	"ERROR": levelError, "FATAL": levelError, "CRITICAL": levelError, "PANIC": levelError,
}

// headBytes is how far from the beginning a level is looked for.
const headBytes = 80

// textLevel is the level of a line of text; info when it does not say. Text logs have it
// near the beginning: as a word in capitals, or as level=warn.
func textLevel(text string) string {
	for _, word := range strings.FieldsFunc(cut(text, headBytes), func(r rune) bool { return strings.ContainsRune(" \t[]:|", r) }) {
		if value, ok := strings.CutPrefix(word, "level="); ok {
			word = strings.ToUpper(strings.Trim(value, `"'`))
		}
		if level, ok := levels[word]; ok {
			return level
		}
	}
	return levelInfo
}

// objectLevel is the level of a line that is an object.
func objectLevel(object json.RawMessage) string {
	var o struct {
		Level, Severity, Lvl any
	}
	if err := json.Unmarshal(object, &o); err != nil {
		return levelInfo
	}
	for _, v := range []any{o.Level, o.Severity, o.Lvl} {
		if text, ok := v.(string); ok {
			if level, ok := levels[strings.ToUpper(text)]; ok {
				return level
			}
		}
	}
	return levelInfo
}
