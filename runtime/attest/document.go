package attest

import "time"

// Document is what an attestation document says. It says so truthfully only after
// [Verify].
type Document struct {
	// ModuleID names the NSM: "i-…-enc…", the instance and its enclave.
	ModuleID string
	// Timestamp is when the hypervisor made the document, to the millisecond.
	Timestamp time.Time
	// Digest is the hash function of the PCRs, "SHA384".
	Digest string
	// PCRs are the values of the locked registers by their index, from 0 to 31.
	PCRs map[int]PCR
	// Certificate is that of the key which signed the document, in DER.
	Certificate []byte
	// CABundle are the certificates above it in DER, the root first.
	CABundle [][]byte
	// PublicKey, UserData and Nonce are what the enclave asked to have signed; nil where
	// it asked for none.
	PublicKey, UserData, Nonce []byte
}

// Debug tells whether the enclave runs in debug mode: its console can be read from the
// parent, and PCR0, PCR1 and PCR2 are zero.
func (d *Document) Debug() bool {
	for index := range 3 {
		if pcr, ok := d.PCRs[index]; ok && pcr.Zero() {
			return true
		}
	}
	return false
}

// ParseUnverified reads a document, tagged or not, and verifies nothing: neither
// signature nor certificates nor time. Anybody can make a document that it accepts. It
// is for documents of QEMU's emulated NSM, which signs with 64 zero bytes, and for
// looking at one that is refused. It fails with [Violations] where the form is wrong.
func ParseUnverified(raw []byte) (*Document, error) {
	var l Violations
	_, d := parse(raw, &l)
	if err := l.err(); err != nil {
		return nil, err
	}
	return d, nil
}

// parse reads as much as can be read. The document is nil if there is none, and has zero
// values in fields that are wrong.
func parse(raw []byte, l *Violations) (*envelope, *Document) {
	e := parseEnvelope(raw, l)
	if e == nil || e.payload == nil {
		return e, nil
	}
	return e, parsePayload(e.payload, l)
}
