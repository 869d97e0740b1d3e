package control

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// Content types of the protocol.
const (
	jsonType     = "application/json"
	linesType    = "application/x-ndjson"
	documentType = "application/cbor"
)

// validator is a request that knows its own rules.
type validator interface{ Validate() error }

// decode reads a request: one JSON object, within the limit, with no field that this
// version does not know. A field that is silently dropped could be the one that
// matters.
func decode(w http.ResponseWriter, r *http.Request, into validator) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != jsonType {
		return Errorf(CodeInvalid, "Content-Type: must be %s", jsonType)
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return badBody(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		if tooLarge(err) {
			return badBody(err)
		}
		return Errorf(CodeInvalid, "body: must be one JSON object and nothing else")
	}
	return into.Validate()
}

func badBody(err error) error {
	if tooLarge(err) {
		return Errorf(CodeTooLarge, "body: must be at most %d bytes", MaxBodyBytes)
	}
	return Errorf(CodeInvalid, "body: %v", err)
}

func tooLarge(err error) bool {
	var limit *http.MaxBytesError
	return errors.As(err, &limit)
}
