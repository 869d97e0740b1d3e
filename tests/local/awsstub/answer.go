package awsstub

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// awsError is an error in AWS's terms.
type awsError struct {
	code, message string
}

func (e awsError) Error() string { return e.code + ": " + e.message }

func refusal(code, format string, arguments ...any) error {
	return awsError{code, fmt.Sprintf(format, arguments...)}
}

// maxBody is more than any call of the fixture has.
const maxBody = 1 << 20

// call is a request of one of the JSON protocols.
type call struct {
	action string
	body   []byte
	record Request
}

// jsonCall answers a call of AWS's JSON protocols: the action is in a header, behind
// the name of the API.
func (s *Stub) jsonCall(w http.ResponseWriter, r *http.Request, service, api string, do func(*call) (any, error)) {
	c := &call{record: Request{Service: service}}
	result, err := func() (any, error) {
		var found bool
		if c.action, found = strings.CutPrefix(r.Header.Get("X-Amz-Target"), api+"."); !found || r.Method != http.MethodPost {
			return nil, refusal("UnknownOperationException", "%s %q is no call to %s", r.Method, r.Header.Get("X-Amz-Target"), service)
		}
		c.record.Action = c.action
		var err error
		if c.record.AccessKeyID, err = s.authenticate(r, service); err != nil {
			return nil, err
		}
		if c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
			return nil, err
		}
		return do(c)
	}()
	c.record.Status = http.StatusOK
	if err != nil {
		result = s.failure(&c.record, err)
	}
	// First, so that who has the answer finds it.
	s.record(c.record)
	writeJSON(w, c.record.Status, result)
}

// failure turns an error into what AWS answers.
func (s *Stub) failure(r *Request, err error) any {
	r.Status, r.Code = http.StatusBadRequest, "ValidationException"
	message := err.Error()
	var refused awsError
	if errors.As(err, &refused) {
		r.Code, message = refused.code, refused.message
	}
	return map[string]string{"__type": r.Code, "message": message}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)) // DynamoDB's clients look at it
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (c *call) read(into any) error {
	if err := json.Unmarshal(c.body, into); err != nil {
		return refusal("SerializationException", "%v", err)
	}
	return nil
}
