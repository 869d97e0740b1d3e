package main

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

// policy is what the flags ask of a document.
func (f *attestFlags) policy() (attest.Policy, error) {
	p := attest.Policy{AnyImage: f.anyImage, AllowDebug: f.allowDebug, MaxAge: f.maxAge}
	if len(f.measurements)+len(f.pcrs) == 0 && !f.anyImage {
		return p, errors.New("nothing says which image the enclave must run: use --measurements, --pcr 0=HEX, or --any-image")
	}
	var err error
	if p.PCRs, err = f.allowedPCRs(); err != nil {
		return p, err
	}
	if f.nonce != "" {
		if p.Nonce, err = hex.DecodeString(f.nonce); err != nil {
			return p, fmt.Errorf("--nonce: write it in hexadecimal digits: %w", err)
		}
	}
	if f.at != "" {
		if p.Time, err = time.Parse(time.RFC3339, f.at); err != nil {
			return p, fmt.Errorf("--at: write it as 2026-03-14T12:00:00Z: %w", err)
		}
	}
	for _, path := range f.roots {
		roots, err := readRoots(path)
		if err != nil {
			return p, fmt.Errorf("--root %s: %w", path, err)
		}
		p.ExtraRoots = append(p.ExtraRoots, roots...)
	}
	return p, nil
}

func (f *attestFlags) allowedPCRs() (map[int][]attest.PCR, error) {
	allowed := map[int][]attest.PCR{}
	unsigned := false
	for _, path := range f.measurements {
		image, err := readMeasurements(path)
		if err != nil {
			return nil, fmt.Errorf("--measurements %s: %w", path, err)
		}
		for index, pcr := range image {
			allowed[index] = append(allowed[index], pcr)
		}
		unsigned = unsigned || image[8] == nil
	}
	// One image is signed and another is not: the register of the latter is zero.
	if unsigned && len(allowed[8]) > 0 {
		allowed[8] = append(allowed[8], make(attest.PCR, len(allowed[8][0])))
	}
	for _, flag := range f.pcrs {
		index, pcr, err := parsePCRFlag(flag)
		if err != nil {
			return nil, fmt.Errorf("--pcr %q: %w", flag, err)
		}
		allowed[index] = append(allowed[index], pcr)
	}
	return allowed, nil
}

func parsePCRFlag(flag string) (int, attest.PCR, error) {
	number, digits, ok := strings.Cut(flag, "=")
	if !ok {
		return 0, nil, errors.New("write it as INDEX=HEX")
	}
	index, err := strconv.Atoi(number)
	if err != nil || index < 0 || index >= attest.MaxPCRs {
		return 0, nil, fmt.Errorf("the index must be from 0 to %d", attest.MaxPCRs-1)
	}
	pcr, err := attest.ParsePCR(digits)
	return index, pcr, err
}

// readMeasurements reads what nitro-cli and chamber eif write: an object, "Measurements",
// of registers by their names, besides the name of the hash function.
func readMeasurements(path string) (map[int]attest.PCR, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct{ Measurements map[string]string }
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	image := map[int]attest.PCR{}
	for name, value := range file.Measurements {
		if name == "HashAlgorithm" {
			continue
		}
		number, ok := strings.CutPrefix(name, "PCR")
		index, err := strconv.Atoi(number)
		if !ok || err != nil {
			return nil, fmt.Errorf("%q is no register", name)
		}
		if image[index], err = attest.ParsePCR(value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if image[0] == nil {
		return nil, errors.New(`there is no PCR0: it must hold {"Measurements": {"PCR0": …}}`)
	}
	return image, nil
}

func readRoots(path string) ([]*x509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var roots []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it has a PEM block of type %.40q", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		roots = append(roots, c)
	}
	if roots == nil {
		return nil, errors.New("there is no certificate in PEM form")
	}
	return roots, nil
}
