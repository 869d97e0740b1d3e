package relay

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// source marks the enclave's lines among the supervisor's.
const source = "enclave"

// maxPart is how much text a line of the pod's log has at most, in bytes. It is where
// containerd and cri-o would cut it, without regard to its JSON.
const maxPart = 12 << 10

// maxStream bounds the name of a stream.
const maxStream = 16

// record is a line of the pod's log. The first fields are those of log/slog.
type record struct {
	Time   time.Time `json:"time"`
	Level  string    `json:"level"`
	Msg    string    `json:"msg,omitempty"`
	Source string    `json:"source"`
	Stream string    `json:"stream"`
	// Entry is what the payload logged as an object.
	Entry json.RawMessage `json:"entry,omitempty"`
	// Dropped is how many lines before this one were lost.
	Dropped uint64 `json:"dropped,omitempty"`
	// Part counts the parts of a long text, from 1.
	Part int `json:"part,omitempty"`
	// CutBytes is how much is missing behind this text.
	CutBytes int `json:"cutBytes,omitempty"`
}

// recordsOf makes records of a line, all of it masked; but for one setup token with keep.
// There are several for a long text.
func recordsOf(line whole, keep bool) (records []record, kept bool) {
	r := record{Time: line.Time.UTC(), Source: source, Stream: clean(cut(line.Stream, maxStream))}
	text := clean(line.Text)
	entry, kept, ok := object(line.Text, keep)
	switch {
	case ok:
		r.Level = objectLevel(entry)
		if len(entry) <= maxPart {
			r.Entry, r.CutBytes = entry, line.lost
			return []record{r}, kept
		}
		text = string(entry)
	case keep:
		text, kept = maskButOne(text)
		r.Level = textLevel(text)
	default:
		text = mask(text)
		r.Level = textLevel(text)
	}
	return parts(r, text, line.lost), kept
}

// parts makes a record for each part of a text.
func parts(of record, text string, lost int) []record {
	if len(text) <= maxPart {
		of.Msg, of.CutBytes = text, lost
		return []record{of}
	}
	var records []record
	for len(text) > 0 {
		of.Msg = cut(text, maxPart)
		text = text[len(of.Msg):]
		of.Part++
		records = append(records, of)
	}
	records[len(records)-1].CutBytes = lost
	return records
}

// cut shortens a text between two characters.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// line is the record as one line. JSON escapes all that could end it.
func (r record) line() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return b.Bytes(), err
}
