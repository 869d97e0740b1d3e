package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// object writes a line again that is one JSON object, with its strings masked, in their
// order. Strings are masked as they are once decoded: an escape within a secret hides
// nothing. keep lets one setup token through; kept tells whether it was there.
func object(line string, keep bool) (out json.RawMessage, kept, ok bool) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "{") || !json.Valid([]byte(line)) {
		return nil, false, false
	}
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	r := rewriter{decoder: decoder, keep: keep}
	if err := r.value(""); err != nil {
		return nil, false, false
	}
	return r.out.Bytes(), r.kept, true
}

// rewriter copies JSON by its tokens.
type rewriter struct {
	decoder    *json.Decoder
	out        bytes.Buffer
	keep, kept bool
}

// value copies the next value, which is that of a key or below it.
func (r *rewriter) value(key string) error {
	token, err := r.decoder.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		return r.nested(t, key)
	case string:
		return r.text(r.masked(key, t))
	case json.Number:
		r.out.WriteString(t.String())
		return nil
	default: // a bool or null
		return r.encode(t)
	}
}

func (r *rewriter) nested(open json.Delim, key string) error {
	r.out.WriteString(open.String())
	for first := true; r.decoder.More(); first = false {
		if !first {
			r.out.WriteByte(',')
		}
		of := key
		if open == '{' {
			name, err := r.decoder.Token()
			if err != nil {
				return err
			}
			text, ok := name.(string)
			if !ok {
				return errors.New("a key is no string")
			}
			if err := r.text(mask(clean(text))); err != nil {
				return err
			}
			r.out.WriteByte(':')
			if !secretKey.MatchString(key) { // what is below a secret is secret
				of = text
			}
		}
		if err := r.value(of); err != nil {
			return err
		}
	}
	end, err := r.decoder.Token()
	if err != nil {
		return err
	}
	closing, ok := end.(json.Delim)
	if !ok {
		return errors.New("a value has no end")
	}
	r.out.WriteString(closing.String())
	return nil
}

// masked is a string of a key.
func (r *rewriter) masked(key, text string) string {
	text = clean(text)
	switch {
	case r.keep && !r.kept && setupKey.MatchString(key) && setupValue.MatchString(text):
		r.kept = true
		return text
	case secretKey.MatchString(key) && text != "":
		return stars
	case r.keep && !r.kept: // the line of a text log in a field such as "message"
		text, r.kept = maskButOne(text)
		return text
	}
	return mask(text)
}

func (r *rewriter) text(s string) error { return r.encode(s) }

// encode writes a value without escapes for what is special in HTML.
func (r *rewriter) encode(v any) error {
	e := json.NewEncoder(&r.out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	r.out.Truncate(r.out.Len() - 1) // the newline
	return nil
}
