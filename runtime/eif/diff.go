package eif

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxDifferences is how many differences Diff lists; one more says that it stopped.
const MaxDifferences = 1000

// Difference is one thing in which two images differ.
type Difference struct {
	// Where names the part: "cmdline", "metadata.ImageName", "ramdisk[1]/etc/hosts".
	Where string `json:"where"`
	// What names the property of the part: "content", "mode", "size".
	What string `json:"what"`
	// A and B are what the first and the second image have. Nothing means that one has
	// not got the part.
	A string `json:"a,omitempty"`
	B string `json:"b,omitempty"`
}

// String formats the difference on one line.
func (d Difference) String() string {
	if d.A == "" && d.B == "" {
		return d.Where + " " + d.What
	}
	return fmt.Sprintf("%s: %s: %s -> %s", d.Where, d.What, orNone(d.A), orNone(d.B))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Diff says in what two images differ: fields of the header, sections, keys of the
// metadata, files of the ramdisks, and else the first byte. Equal images give none.
// Contents are compared in pieces; of a ramdisk only the list of its files is held, and
// one that is no plain newc archive or has too many files is compared byte by byte.
func Diff(ctx context.Context, a, b *Image) ([]Difference, error) {
	d := &differ{ctx: ctx, a: make([]byte, compareSize), b: make([]byte, compareSize)}
	d.header(a, b)
	d.text("cmdline", "content", fmt.Sprintf("%q", a.cmdline), fmt.Sprintf("%q", b.cmdline))
	d.metadata(a, b)
	d.content("kernel", a.parts(SectionKernel)[0], b.parts(SectionKernel)[0])
	d.ramdisks(a.parts(SectionRamdisk), b.parts(SectionRamdisk))
	d.signatures(a, b)
	return d.found, d.err
}

// differ collects differences until there are enough or something fails.
type differ struct {
	ctx   context.Context
	found []Difference
	err   error
	a, b  []byte // buffers
}

func (d *differ) stopped() bool { return d.err != nil || len(d.found) > MaxDifferences }

func (d *differ) add(where, what, a, b string) {
	switch {
	case d.stopped():
	case len(d.found) == MaxDifferences:
		d.found = append(d.found, Difference{Where: "further differences", What: "are not listed"})
	default:
		d.found = append(d.found, Difference{where, what, short(a), short(b)})
	}
}

// short cuts what comes from a file.
func short(s string) string {
	const most = 300
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// text adds a difference if there is one.
func (d *differ) text(where, what, a, b string) {
	if a != b {
		d.add(where, what, a, b)
	}
}

func (d *differ) number(where, what string, a, b int64) {
	d.text(where, what, strconv.FormatInt(a, 10), strconv.FormatInt(b, 10))
}

func (d *differ) header(a, b *Image) {
	d.number("header", "version", int64(a.header.version), int64(b.header.version))
	d.text("header", "architecture", string(a.Architecture()), string(b.Architecture()))
	d.text("header", "default memory", strconv.FormatUint(a.header.memory, 10), strconv.FormatUint(b.header.memory, 10))
	d.text("header", "default cpus", strconv.FormatUint(a.header.cpus, 10), strconv.FormatUint(b.header.cpus, 10))
	d.text("sections", "order", order(a), order(b))
}

// order lists the sections' types, those that repeat with a number.
func order(im *Image) string {
	var types []string
	for s := im.header.sections; len(s) > 0; {
		n := slices.IndexFunc(s, func(other Section) bool { return other.Type != s[0].Type })
		if n < 0 {
			n = len(s)
		}
		text := s[0].Type.String()
		if n > 1 {
			text += fmt.Sprintf(" (%d)", n)
		}
		types, s = append(types, text), s[n:]
	}
	return strings.Join(types, ", ")
}

func (d *differ) signatures(a, b *Image) {
	if a.signature == nil || b.signature == nil || slices.Equal(a.signature, b.signature) {
		d.text("signature", "section", presence(a.signature), presence(b.signature))
		return
	}
	x, errA := a.Signature()
	y, errB := b.Signature()
	if errA != nil || errB != nil {
		d.content("signature", a.parts(SectionSignature)[0], b.parts(SectionSignature)[0])
		return
	}
	d.text("signature", "certificate", describe(x), describe(y))
	d.text("signature", "certificate text", fmt.Sprintf("%q", x.PEM), fmt.Sprintf("%q", y.PEM))
	d.text("signature", "COSE payload", hex.EncodeToString(x.message.Payload), hex.EncodeToString(y.message.Payload))
	d.text("signature", "COSE signature", hex.EncodeToString(x.message.Signature), hex.EncodeToString(y.message.Signature))
}

func presence(b []byte) string {
	if b == nil {
		return ""
	}
	return fmt.Sprintf("%d bytes", len(b))
}

func describe(s *Signature) string {
	return fmt.Sprintf("%q, PCR8 %s", s.Certificate.Subject, pcr8(s.Certificate))
}
