package control

import (
	"errors"
	"fmt"
	"net/http"
)

// Code says what kind of error a call ended with.
type Code string

// The codes, and the HTTP status that each has.
const (
	// CodeInvalid is a request that breaks a rule, named in the message (400).
	CodeInvalid Code = "invalid"
	// CodeUnauthorized is a call without the token (401).
	CodeUnauthorized Code = "unauthorized"
	// CodeForbidden is what the measured policy does not allow (403).
	CodeForbidden Code = "forbidden"
	// CodeConflict is a call at the wrong time: a second bootstrap, or any other
	// before the first (409).
	CodeConflict Code = "conflict"
	// CodeTooLarge is a request over a limit of size (413).
	CodeTooLarge Code = "too_large"
	// CodeInternal is a failure of the guest (500).
	CodeInternal Code = "internal"
)

var statusOf = map[Code]int{
	CodeInvalid:      http.StatusBadRequest,
	CodeUnauthorized: http.StatusUnauthorized,
	CodeForbidden:    http.StatusForbidden,
	CodeConflict:     http.StatusConflict,
	CodeTooLarge:     http.StatusRequestEntityTooLarge,
	CodeInternal:     http.StatusInternalServerError,
}

// Error is how a call fails, on both sides.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error returns the message with its code.
func (e *Error) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Code) }

// Errorf makes an Error.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrorCode returns the code of an error that a call ended with; CodeInternal when
// it has none.
func ErrorCode(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// asError hides the text of a failure that is not meant for the caller: it may say
// more of the enclave than the parent should know.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Errorf(CodeInternal, "the guest has failed; its log says how")
}
