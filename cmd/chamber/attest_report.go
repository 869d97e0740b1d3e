package main

import (
	"cmp"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

const notVerified = "NOT VERIFIED. Anybody can make a document that says this; see chamber attest verify."

// attestReport is what is said of one document: the document, or what is wrong with it.
type attestReport struct {
	Verified   bool              `json:"verified"`
	Notice     string            `json:"notice,omitempty"`
	VerifiedAt *time.Time        `json:"verifiedAt,omitempty"`
	Root       string            `json:"root,omitempty"`
	ByAWS      bool              `json:"byAws,omitempty"`
	Document   *documentReport   `json:"document,omitempty"`
	Violations attest.Violations `json:"violations,omitempty"`
}

// documentReport has bytes as hexadecimal digits.
type documentReport struct {
	ModuleID  string                `json:"moduleId"`
	Timestamp time.Time             `json:"timestamp"`
	Digest    string                `json:"digest"`
	Debug     bool                  `json:"debug"`
	PCRs      map[string]attest.PCR `json:"pcrs"`
	Signer    string                `json:"signer,omitempty"`
	NotAfter  *time.Time            `json:"notAfter,omitempty"`
	Nonce     string                `json:"nonce,omitempty"`
	UserData  string                `json:"userData,omitempty"`
	PublicKey string                `json:"publicKey,omitempty"`

	pcrs map[int]attest.PCR
}

func verifiedReport(v *attest.Verified) attestReport {
	at := v.Time.UTC().Truncate(time.Second)
	return attestReport{Verified: true, VerifiedAt: &at, Root: v.Root.String(), ByAWS: v.ByAWS(), Document: newDocumentReport(&v.Document)}
}

func unverifiedReport(d *attest.Document) attestReport {
	return attestReport{Notice: notVerified, Document: newDocumentReport(d)}
}

func newDocumentReport(d *attest.Document) *documentReport {
	r := &documentReport{
		ModuleID: d.ModuleID, Timestamp: d.Timestamp, Digest: d.Digest, Debug: d.Debug(), PCRs: map[string]attest.PCR{},
		Nonce: hex.EncodeToString(d.Nonce), UserData: hex.EncodeToString(d.UserData), PublicKey: hex.EncodeToString(d.PublicKey),
		pcrs: d.PCRs,
	}
	for index, pcr := range d.PCRs {
		r.PCRs["PCR"+strconv.Itoa(index)] = pcr
	}
	// That of an emulated enclave is none.
	if c, err := x509.ParseCertificate(d.Certificate); err == nil {
		r.Signer, r.NotAfter = c.Subject.String(), &c.NotAfter
	}
	return r
}

func writeAttest(out io.Writer, format string, r attestReport) error {
	if format == "json" {
		return writeJSON(out, r)
	}
	if !r.Verified {
		fmt.Fprintf(out, "%s\n\n", notVerified)
	}
	d := r.Document
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, cmp.Or(value, "-")) }
	if r.Verified {
		row("verified", r.verdict())
	}
	row("module", printable(d.ModuleID))
	row("made", d.made(r.VerifiedAt))
	row("mode", d.mode())
	row("signer", d.signer())
	for _, index := range slices.Sorted(maps.Keys(d.pcrs)) {
		if pcr := d.pcrs[index]; !pcr.Zero() {
			row("PCR"+strconv.Itoa(index), pcr.String())
		}
	}
	row("zero", d.zero())
	row("nonce", d.Nonce)
	row("user data", d.UserData)
	row("public key", d.PublicKey)
	return w.Flush()
}

func (r attestReport) verdict() string {
	at := "at " + r.VerifiedAt.Format(time.RFC3339)
	if r.ByAWS {
		return at + ", signed by AWS"
	}
	return at + ", NOT signed by AWS, but below the root that was given, SHA-256 " + r.Root
}

func (d *documentReport) made(verified *time.Time) string {
	made := d.Timestamp.Format(time.RFC3339)
	if verified == nil {
		return made
	}
	return made + ", " + verified.Sub(d.Timestamp).Round(time.Second).String() + " before"
}

func (d *documentReport) mode() string {
	if d.Debug {
		return "DEBUG: the image is not measured, and the parent can read the console"
	}
	return "production"
}

func (d *documentReport) signer() string {
	if d.NotAfter == nil {
		return "none: the certificate cannot be read"
	}
	return printable(d.Signer) + ", until " + d.NotAfter.UTC().Format(time.RFC3339)
}

// zero lists the registers that were never extended.
func (d *documentReport) zero() string {
	var list []string
	for _, index := range slices.Sorted(maps.Keys(d.pcrs)) {
		if d.pcrs[index].Zero() {
			list = append(list, "PCR"+strconv.Itoa(index))
		}
	}
	return strings.Join(list, " ")
}
