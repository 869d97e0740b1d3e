package attest

import (
	"encoding/hex"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// ErrorCode is why an NSM refuses a request, by its own name for it (enum ErrorCode of
// aws/aws-nitro-enclaves-nsm-api, src/api/mod.rs).
type ErrorCode string

// The codes that AWS lists.
const (
	InvalidArgument  ErrorCode = "InvalidArgument"
	InvalidIndex     ErrorCode = "InvalidIndex"
	InvalidResponse  ErrorCode = "InvalidResponse"
	ReadOnlyIndex    ErrorCode = "ReadOnlyIndex"
	InvalidOperation ErrorCode = "InvalidOperation"
	BufferTooSmall   ErrorCode = "BufferTooSmall"
	InputTooLarge    ErrorCode = "InputTooLarge"
	InternalError    ErrorCode = "InternalError"
)

// meaning says in words what a code means; of one that AWS does not list, nothing.
func (c ErrorCode) meaning() string {
	switch c {
	case InvalidArgument:
		return "an argument is not valid"
	case InvalidIndex:
		return "there is no such PCR"
	case InvalidResponse:
		return "its response is not to this request"
	case ReadOnlyIndex:
		return "the PCR is locked"
	case InvalidOperation:
		return "it does not know this request"
	case BufferTooSmall:
		return "its response does not fit"
	case InputTooLarge:
		return "the request is too large"
	case InternalError:
		return "it has a fault of its own"
	}
	return "no code that AWS lists"
}

// Error is an NSM's refusal of a request.
type Error struct {
	// Request is what was asked: "ExtendPCR".
	Request string
	Code    ErrorCode
}

// Error says what was refused, the code and what it means.
func (e *Error) Error() string {
	return fmt.Sprintf("NSM: %s refused: %.40s: %s", e.Request, string(e.Code), e.Code.meaning())
}

// parseError reads a code. One that is no word is reported as its bytes.
func parseError(request string, item cbor.RawMessage) error {
	code, err := decodeText(item)
	if err != nil {
		code = "0x" + hex.EncodeToString(item[:min(len(item), 16)])
	}
	return &Error{request, ErrorCode(code)}
}
