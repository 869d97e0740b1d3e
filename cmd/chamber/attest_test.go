package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

// evidence is a document with the files that the flags name.
type evidence struct {
	t      *testing.T
	issuer *attesttest.Issuer
	dir    string
}

func newEvidence(t *testing.T) evidence {
	t.Helper()
	issuer, err := attesttest.NewIssuer(attesttest.Options{Now: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	e := evidence{t, issuer, t.TempDir()}
	e.write("root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer.Root().Raw}))
	e.write("document.cbor", e.document(issuer.Payload().With("nonce", []byte{0x5f, 0x0c}).With("user_data", []byte("hello"))))
	e.write("image.json", measurements("PCR0", 0, "PCR1", 1, "PCR2", 2))
	e.write("old.json", measurements("PCR0", 1, "PCR1", 1, "PCR2", 2))
	e.write("signed.json", measurements("PCR0", 1, "PCR8", 1))
	return e
}

func measurements(pairs ...any) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Measurements":{"HashAlgorithm":"Sha384 { ... }"`)
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, `,%q:"%x"`, pairs[i], attesttest.PCR(pairs[i+1].(int)))
	}
	b.WriteString("}}")
	return b.Bytes()
}

func (e evidence) document(p attesttest.Payload) []byte {
	e.t.Helper()
	document, err := e.issuer.Document(p)
	if err != nil {
		e.t.Fatal(err)
	}
	return document
}

func (e evidence) write(name string, data []byte) {
	e.t.Helper()
	if err := os.WriteFile(filepath.Join(e.dir, name), data, 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// run splits args, in which @name is a file of the evidence.
func (e evidence) run(args, stdin string) (string, error) {
	var out strings.Builder
	cmd := newCommand("v0.1.0")
	cmd.SetArgs(strings.Fields(strings.ReplaceAll(args, "@", e.dir+"/")))
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	err := cmd.Execute()
	// Keys are new in each run.
	root := attest.FingerprintOf(e.issuer.Root()).String()
	return strings.ReplaceAll(out.String(), root, strings.Repeat("f", 64)), err
}

const (
	trusted      = " --root @root.pem --at 2026-03-14T12:00:30Z"
	attestVerify = "attest verify @document.cbor" + trusted
)

func TestAttestGolden(t *testing.T) {
	e := newEvidence(t)
	zeros := make([]byte, 48)
	e.write("debug.cbor", e.document(e.issuer.Payload().With("pcrs", map[int][]byte{0: zeros, 1: zeros, 2: zeros, 4: attesttest.PCR(1)})))
	e.write("strange.cbor", e.document(e.issuer.Payload().With("module_id", "i-\x1b[2J\n").With("certificate", make([]byte, 64))))
	for file, args := range map[string]string{
		"attest-verify.txt":       attestVerify + " --measurements @image.json --nonce 5f0c --max-age 1m",
		"attest-verify.json":      attestVerify + " --measurements @image.json -o json",
		"attest-debug.txt":        "attest verify @debug.cbor --measurements @image.json --allow-debug" + trusted,
		"attest-show.txt":         "attest show @strange.cbor",
		"attest-show.json":        "attest show @document.cbor -o json",
		"attest-verify-help.txt":  "attest verify --help",
		"attest-show-help.txt":    "attest show --help",
		"attest-refused.json":     attestVerify + " --measurements @old.json --nonce 00 -o json",
		"attest-refused.txt":      attestVerify + " --measurements @old.json --nonce 00 --pcr 3=" + hex.EncodeToString(attesttest.PCR(1)),
		"attest-policy-fault.txt": attestVerify + " --pcr 3=" + hex.EncodeToString(attesttest.PCR(1)) + " --max-age -1m",
	} {
		t.Run(file, func(t *testing.T) {
			got, err := e.run(args, "")
			refused := strings.Contains(file, "refused") || strings.Contains(file, "fault")
			if (err != nil) != refused {
				t.Fatal(err)
			}
			if err != nil {
				got += err.Error() + "\n"
			}
			golden(t, file, got)
		})
	}
}

// TestAttestEncodings reads the same document in each, from a file or the standard input.
func TestAttestEncodings(t *testing.T) {
	e := newEvidence(t)
	raw, err := os.ReadFile(filepath.Join(e.dir, "document.cbor"))
	if err != nil {
		t.Fatal(err)
	}
	tagged := append([]byte{0xd2}, raw...)
	digits := hex.EncodeToString(raw)
	for name, text := range map[string]string{
		"raw":            string(raw),
		"tagged":         string(tagged),
		"base64":         base64.StdEncoding.EncodeToString(raw) + "\n",
		"tagged base64":  base64.StdEncoding.EncodeToString(tagged),
		"base64 in URLs": base64.RawURLEncoding.EncodeToString(raw),
		"base64 lines":   wrap(base64.StdEncoding.EncodeToString(raw)),
		"hex":            digits,
		"hex lines":      wrap(digits),
		"upper case":     strings.ToUpper(hex.EncodeToString(tagged)),
	} {
		t.Run(name, func(t *testing.T) {
			e.write("encoded", []byte(text))
			for _, source := range []string{"@encoded", "-", ""} {
				stdin := text
				if source == "@encoded" {
					stdin = ""
				}
				out, err := e.run("attest verify "+source+trusted+" --measurements @image.json", stdin)
				if err != nil || !strings.HasPrefix(out, "verified") {
					t.Errorf("from %q: %v, printed %q", source, err, out)
				}
			}
		})
	}
}

func wrap(s string) string {
	var b strings.Builder
	for len(s) > 64 {
		b.WriteString(s[:64] + "\r\n")
		s = s[64:]
	}
	return b.String() + s + "\n"
}

// TestAttestRollout allows several images, of which only some are signed.
func TestAttestRollout(t *testing.T) {
	e := newEvidence(t)
	old := strings.Repeat("01", 48)
	for args, want := range map[string]string{
		" --measurements @old.json --measurements @image.json":     "",
		" --measurements @signed.json --measurements @image.json":  "",
		" --measurements @old.json":                                "pcrs[0]",
		" --measurements @signed.json":                             "pcrs[8]",
		" --pcr 0=" + old + " --measurements @image.json":          "",
		" --pcr 0=" + old + " --pcr 0=" + strings.Repeat("a0", 48): "",
		" --pcr 0=" + old + " --pcr 0=" + strings.Repeat("A0", 48): "",
		" --pcr 0=" + old:             "pcrs[0]",
		" --any-image":                "",
		" --any-image --pcr 4=" + old: "pcrs[4]",
		" --pcr 8=" + old + " --pcr 0=" + strings.Repeat("a0", 48):       "pcrs[8]",
		" --measurements @image.json --nonce 5F0C":                       "",
		" --measurements @image.json --max-age 30s":                      "",
		" --measurements @image.json --max-age 29s":                      "timestamp",
		" --measurements @image.json --at 2026-03-14T16:00:00+01:00":     "",
		" --measurements @image.json --at 2026-03-14T16:00:01+01:00":     "certificate",
		" --measurements @image.json --root @root.pem --root @root.pem":  "",
		" --measurements @image.json --measurements @image.json":         "",
		" --measurements @image.json --nonce 5f0c --allow-debug":         "",
		" --measurements @old.json --nonce 5f0c --allow-debug":           "pcrs[0]",
		" --measurements @image.json --pcr 3=" + strings.Repeat("0", 96): "",
	} {
		t.Run(args, func(t *testing.T) {
			_, err := e.run(attestVerify+args, "")
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestAttestRefuses(t *testing.T) {
	e := newEvidence(t)
	e.write("bare.json", []byte(`{"PCR0":"00"}`))
	e.write("word.json", []byte(`{"Measurements":{"PCRx":"00"}}`))
	e.write("short.json", []byte(`{"Measurements":{"PCR0":"00"}}`))
	e.write("key.pem", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	e.write("broken.pem", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	with := " --measurements @image.json"
	for args, want := range map[string]string{
		attestVerify: "nothing says which image the enclave must run: use --measurements",
		"attest verify @document.cbor --at 2026-03-14T12:00:30Z" + with: "cabundle[0] (SHA-256 ",
		attestVerify + with + " -o yaml":                                `--output "yaml": use table or json`,
		"attest show -o yaml":                                           `--output "yaml": use table or json`,
		attestVerify + with + " --nonce xy":                             "--nonce: write it in hexadecimal digits",
		attestVerify + with + " --at noon":                              "--at: write it as 2026-03-14T12:00:00Z",
		attestVerify + with + " --root @none.pem":                       "none.pem: no such file",
		attestVerify + with + " --root @image.json":                     "there is no certificate in PEM form",
		attestVerify + with + " --root @key.pem":                        `it has a PEM block of type "PRIVATE KEY"`,
		attestVerify + with + " --root @broken.pem":                     "x509: malformed certificate",
		attestVerify + " --measurements @none.json":                     "none.json: no such file",
		attestVerify + " --measurements @root.pem":                      "root.pem: invalid character",
		attestVerify + " --measurements @bare.json":                     `bare.json: there is no PCR0: it must hold {"Measurements"`,
		attestVerify + " --measurements @word.json":                     `word.json: "PCRx" is no register`,
		attestVerify + " --measurements @short.json":                    "short.json: PCR0: a PCR of SHA-384 has 96 hexadecimal digits, not 2",
		attestVerify + " --pcr 0":                                       `--pcr "0": write it as INDEX=HEX`,
		attestVerify + " --pcr 32=00":                                   `--pcr "32=00": the index must be from 0 to 31`,
		attestVerify + " --pcr PCR0=00":                                 `--pcr "PCR0=00": the index must be`,
		attestVerify + " --pcr 0=zz":                                    `--pcr "0=zz": a PCR is written in hexadecimal digits`,
		attestVerify + " --pcr 0=" + strings.Repeat("00", 48):           "is zero only in debug mode",
		"attest verify @none.cbor" + with:                               "none.cbor: no such file",
		"attest verify @root.pem" + with:                                `reading the document: it begins with "-----BEGIN CERTI"`,
		"attest verify" + with:                                          "reading the document: there is none",
		"attest show @document.cbor extra":                              "accepts at most 1 arg",
		"attest show @image.json":                                       "neither in CBOR nor in base64 nor in hexadecimal digits",
		"attest verify @document.cbor @document.cbor":                   "accepts at most 1 arg",
		attestVerify + with + " --max-age yesterday":                    "invalid argument",
		attestVerify + with + " --nonce " + strings.Repeat("00", 513):   `nonce ("513 bytes"): must have at most 512 bytes`,
	} {
		t.Run(args, func(t *testing.T) {
			out, err := e.run(args, "")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			if out != "" {
				t.Errorf("printed %q besides", out)
			}
		})
	}
	for stdin, want := range map[string]string{
		"84zz":                            "reading the document in hexadecimal digits",
		"840":                             "reading the document in hexadecimal digits",
		"hE!!":                            "reading the document in base64",
		"\x84":                            "document: must be a COSE_Sign1 message",
		strings.Repeat("84", 1<<20):       "it goes on and on; a document has at most 16640 bytes",
		"\x84" + strings.Repeat("0", 1e6): "it goes on and on; a document has at most 16640 bytes",
		strings.Repeat("84", 20000):       "document (20000 bytes): must have at most 16640 bytes",
	} {
		out, err := e.run("attest show", stdin)
		if err == nil || !strings.Contains(err.Error(), want) || out != "" {
			t.Errorf("%.20q: got %v, want %q, printed %q", stdin, err, want, out)
		}
	}
}
