package attest

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// AttestationRequest is what a document is to carry. Each field is optional; nil leaves
// it out.
type AttestationRequest struct {
	// UserData is anything, at most [MaxUserData] bytes.
	UserData []byte `cbor:"user_data"`
	// Nonce is the verifier's, at most [MaxNonce] bytes.
	Nonce []byte `cbor:"nonce"`
	// PublicKey is a key in DER of which the enclave has the private half, at most
	// [MaxPublicKey] bytes. KMS encrypts its answers for it.
	PublicKey []byte `cbor:"public_key"`
}

// validate reports all faults at once. Values are not shown: they are the caller's.
func (r AttestationRequest) validate() error {
	var l fault.List
	for _, field := range []struct {
		name  string
		value []byte
		most  int
	}{{"userData", r.UserData, MaxUserData}, {"nonce", r.Nonce, MaxNonce}, {"publicKey", r.PublicKey, MaxPublicKey}} {
		if len(field.value) > field.most {
			l.Add(field.name, fmt.Sprintf("%d bytes", len(field.value)), fmt.Sprintf("must have at most %d bytes", field.most), "")
		}
	}
	if r.PublicKey != nil && len(r.PublicKey) == 0 {
		l.Add("publicKey", nil, "must not be empty", "leave it out")
	}
	return l.Err()
}

type indexRequest struct {
	Index int `cbor:"index"`
}

type extendRequest struct {
	Index int    `cbor:"index"`
	Data  []byte `cbor:"data"`
}

type lockRequest struct {
	Range int `cbor:"range"`
}

func indexed(index int) (indexRequest, error) {
	if index < 0 || index >= MaxPCRs {
		return indexRequest{}, fault.Fault{Property: "index", Value: index, Rule: fmt.Sprintf("must be from 0 to %d", MaxPCRs-1)}
	}
	return indexRequest{index}, nil
}

// encodeRequest gives a request the form that Rust's serde gives an enum: a bare name, or
// a map with one pair.
func encodeRequest(name string, arguments any) ([]byte, error) {
	var request any = name
	if arguments != nil {
		request = map[string]any{name: arguments}
	}
	b, err := cbor.Marshal(request)
	if err == nil && len(b) > MaxRequest {
		err = fmt.Errorf("the request has %d bytes: at most %d are allowed", len(b), MaxRequest)
	}
	return b, err
}

// call returns what the NSM answers, nil if it is the bare name.
func (n *NSM) call(name string, arguments any) (cbor.RawMessage, error) {
	request, err := encodeRequest(name, arguments)
	if err != nil {
		return nil, fmt.Errorf("NSM: %s: %w", name, err)
	}
	response := make([]byte, MaxResponse)
	length, err := n.device.Exchange(request, response)
	if err != nil {
		return nil, fmt.Errorf("NSM: %s: %w", name, err)
	}
	if length < 0 || length > len(response) {
		return nil, fmt.Errorf("NSM: %s: the device says that the response has %d bytes", name, length)
	}
	return parseResponse(name, response[:length])
}

func (n *NSM) callForMap(name string, arguments any) (answer, error) {
	content, err := n.call(name, arguments)
	if err != nil {
		return answer{}, err
	}
	return newAnswer(name, content)
}

func (n *NSM) callForNothing(name string, arguments any) error {
	content, err := n.call(name, arguments)
	if err == nil && content != nil {
		err = malformed(name, errors.New("it has content, and there is none to this request"))
	}
	return err
}
