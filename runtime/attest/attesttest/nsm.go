package attesttest

import (
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// NSM answers requests as the Nitro Security Module does, in CBOR. It is a Device of
// package attest, for tests of what runs in an enclave. Its registers can be extended
// and locked, and its documents are signed by an issuer.
type NSM struct {
	issuer *Issuer

	mu     sync.Mutex
	pcrs   map[int][]byte
	locked map[int]bool
}

// NewNSM returns an NSM with 32 registers, of which the first 16 are locked, and whose
// clock stands still at the time of the issuer.
func NewNSM(issuer *Issuer) *NSM {
	n := &NSM{issuer: issuer, pcrs: map[int][]byte{}, locked: map[int]bool{}}
	for index := range 32 {
		n.pcrs[index], n.locked[index] = PCR(index), index < locked
	}
	return n
}

// arguments of all requests.
type arguments struct {
	Index     int    `cbor:"index"`
	Range     int    `cbor:"range"`
	Data      []byte `cbor:"data"`
	UserData  []byte `cbor:"user_data"`
	Nonce     []byte `cbor:"nonce"`
	PublicKey []byte `cbor:"public_key"`
}

// Exchange answers one request.
func (n *NSM) Exchange(request, response []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answer, err := cbor.Marshal(n.answer(request))
	if err != nil {
		return 0, err
	}
	if len(answer) > len(response) {
		return 0, fmt.Errorf("the response has %d bytes, there is room for %d", len(answer), len(response))
	}
	return copy(response, answer), nil
}

func refuse(code string) any { return map[string]string{"Error": code} }

func (n *NSM) answer(request []byte) any {
	var name string
	var variants map[string]arguments
	if err := cbor.Unmarshal(request, &name); err == nil {
		return n.plain(name)
	}
	if err := cbor.Unmarshal(request, &variants); err != nil || len(variants) != 1 {
		return refuse("InvalidOperation")
	}
	for name, a := range variants {
		return n.with(name, a)
	}
	return nil
}

// plain answers requests without arguments.
func (n *NSM) plain(name string) any {
	switch name {
	case "GetRandom":
		b := make([]byte, 256)
		_, _ = rand.Read(b) // never fails
		return map[string]any{name: map[string]any{"random": b}}
	case "DescribeNSM":
		indices := []int{}
		for _, index := range slices.Sorted(maps.Keys(n.locked)) {
			if n.locked[index] {
				indices = append(indices, index)
			}
		}
		return map[string]any{name: map[string]any{
			"version_major": 1, "version_minor": 0, "version_patch": 0, "module_id": ModuleID,
			"max_pcrs": 32, "locked_pcrs": indices, "digest": "SHA384",
		}}
	}
	return refuse("InvalidOperation")
}

func (n *NSM) with(name string, a arguments) any {
	switch name {
	case "LockPCRs":
		if a.Range < 0 || a.Range > len(n.pcrs) {
			return refuse("InvalidIndex")
		}
		for index := range a.Range {
			n.locked[index] = true
		}
		return name
	case "Attestation":
		return n.attest(name, a)
	}
	value, ok := n.pcrs[a.Index]
	if !ok {
		return refuse("InvalidIndex")
	}
	switch name {
	case "DescribePCR":
		return map[string]any{name: map[string]any{"lock": n.locked[a.Index], "data": value}}
	case "ExtendPCR":
		return n.extend(name, a)
	case "LockPCR":
		if n.locked[a.Index] {
			return refuse("ReadOnlyIndex")
		}
		n.locked[a.Index] = true
		return name
	}
	return refuse("InvalidOperation")
}

func (n *NSM) extend(name string, a arguments) any {
	switch {
	case n.locked[a.Index]:
		return refuse("ReadOnlyIndex")
	case len(a.Data) == 0:
		return refuse("InvalidArgument")
	}
	sum := sha512.Sum384(slices.Concat(n.pcrs[a.Index], a.Data))
	n.pcrs[a.Index] = sum[:]
	return map[string]any{name: map[string]any{"data": sum[:]}}
}

func (n *NSM) attest(name string, a arguments) any {
	payload := n.issuer.Payload()
	pcrs := map[uint64][]byte{}
	for index, value := range n.pcrs {
		if n.locked[index] {
			pcrs[uint64(index)] = value
		}
	}
	payload["pcrs"] = pcrs
	payload["user_data"], payload["nonce"], payload["public_key"] = a.UserData, a.Nonce, a.PublicKey
	document, err := n.issuer.Document(payload)
	if err != nil {
		return refuse("InternalError")
	}
	return map[string]any{name: map[string]any{"document": document}}
}
