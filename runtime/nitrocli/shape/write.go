package shape

import (
	"encoding/json"
	"io"
)

// Write writes a value as nitro-cli does: indented by two spaces, and without escapes
// for what is special in HTML.
func Write(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
