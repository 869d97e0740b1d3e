package attest

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Policy is what a verifier asks of a document besides that it is genuine. Signature,
// certificates and form are always checked.
type Policy struct {
	// PCRs are the values allowed for each register: one, or during a rollout the current
	// and the previous. They must pin the image: PCR0, PCR8, or PCR1 and PCR2 together;
	// each other register alone says nothing about what runs.
	PCRs map[int][]PCR
	// AnyImage allows PCRs that do not pin the image.
	AnyImage bool
	// AllowDebug accepts enclaves in debug mode. Such an enclave is not measured, so that
	// those of PCR0, PCR1, PCR2 and PCR8 that are zero are not compared.
	AllowDebug bool
	// Nonce is the nonce that the enclave was given. Nil accepts any. Only a nonce that
	// was chosen for this one document, at random, proves that it is not an old one.
	Nonce []byte
	// MaxAge is how old a document may be. Zero sets no limit besides that of the
	// signer's certificate, about 3 hours.
	MaxAge time.Duration
	// Time is when the document is verified. Zero is now, as AWS demands; another time is
	// for looking into the past.
	Time time.Time
	// ExtraRoots are trusted besides AWS's: those of tests and of other partitions.
	ExtraRoots []*x509.Certificate
	// UserData and PublicKey, where given, judge these fields, nil if there are none.
	// They are called last, only for a document in which all else is right.
	UserData, PublicKey func([]byte) error
}

// ClockSkew is how far a document's time may be ahead of the verifier's clock.
const ClockSkew = 5 * time.Minute

// validate reports all faults of the policy at once.
func (p Policy) validate() error {
	var l fault.List
	for _, index := range slices.Sorted(maps.Keys(p.PCRs)) {
		checkPin(&l, index, p.PCRs[index])
	}
	if !p.AnyImage && !p.pinsImage() {
		l.Add("pcrs", nil, "do not pin the image, so that any enclave of anybody would pass",
			"allow values of PCR0, of PCR8, or of PCR1 and PCR2; or allow any image")
	}
	if len(p.Nonce) > MaxNonce {
		l.Add("nonce", fmt.Sprintf("%d bytes", len(p.Nonce)), fmt.Sprintf("must have at most %d bytes", MaxNonce), "")
	}
	if p.Nonce != nil && len(p.Nonce) == 0 {
		l.Add("nonce", nil, "must not be empty: anybody can guess it", "use 16 random bytes or more")
	}
	if p.MaxAge < 0 {
		l.Add("maxAge", p.MaxAge, "must not be negative", "use 0 for no limit")
	}
	return l.Err()
}

func checkPin(l *fault.List, index int, allowed []PCR) {
	if index < 0 || index >= MaxPCRs {
		l.Add("pcrs", index, fmt.Sprintf("an index must be from 0 to %d", MaxPCRs-1), "")
		return
	}
	if len(allowed) == 0 {
		l.Add(pcrField(index), nil, "must have at least one value", "leave it out to allow any")
	}
	for _, pcr := range allowed {
		switch {
		case !pcr.sized():
			l.Add(pcrField(index), pcr.String(), "must have 32, 48 or 64 bytes", "")
		case index <= 2 && pcr.Zero():
			l.Add(pcrField(index), pcr.String(), "is zero only in debug mode", "give the image's measurements, and allow debug mode apart")
		}
	}
}

// pinsImage tells whether the PCRs say what runs. PCR8 of zeros says only that the image
// is not signed.
func (p Policy) pinsImage() bool {
	pinned := func(index int) bool {
		return len(p.PCRs[index]) > 0 && !slices.ContainsFunc(p.PCRs[index], PCR.Zero)
	}
	return pinned(0) || pinned(8) || pinned(1) && pinned(2)
}

func (p Policy) roots() []Fingerprint {
	roots := []Fingerprint{AWSRoot()}
	for _, c := range p.ExtraRoots {
		roots = append(roots, FingerprintOf(c))
	}
	return roots
}

func (p Policy) at() time.Time {
	if p.Time.IsZero() {
		return time.Now()
	}
	return p.Time
}
