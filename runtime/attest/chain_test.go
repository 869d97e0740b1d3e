package attest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

// TestVerifyRefusesCertificates issues one certificate wrongly at a time.
func TestVerifyRefusesCertificates(t *testing.T) {
	at := made.Add(time.Minute)
	for name, tt := range map[string]struct {
		level  attesttest.Level
		modify func(*x509.Certificate)
		want   []string
	}{
		"expired leaf":      {attesttest.Leaf, func(c *x509.Certificate) { c.NotAfter = at.Add(-time.Second) }, []string{"certificate: was not valid any more at 2026-03-14T12:01:00Z"}},
		"future leaf":       {attesttest.Leaf, func(c *x509.Certificate) { c.NotBefore = at.Add(time.Second) }, []string{"certificate: was not valid yet at 2026-03-14T12:01:00Z"}},
		"expired instance":  {attesttest.Instance, func(c *x509.Certificate) { c.NotAfter = at.Add(-time.Second) }, []string{"cabundle[3]: was not valid any more"}},
		"expired zone":      {attesttest.Zone, func(c *x509.Certificate) { c.NotAfter = at.Add(-time.Second) }, []string{"cabundle[2]: was not valid any more"}},
		"expired region":    {attesttest.Region, func(c *x509.Certificate) { c.NotAfter = at.Add(-time.Second) }, []string{"cabundle[1]: was not valid any more"}},
		"expired root":      {attesttest.Root, func(c *x509.Certificate) { c.NotAfter = at.Add(-time.Second) }, []string{"cabundle[0]: was not valid any more"}},
		"future root":       {attesttest.Root, func(c *x509.Certificate) { c.NotBefore = at.Add(time.Second) }, []string{"cabundle[0]: was not valid yet"}},
		"zone is no CA":     {attesttest.Zone, func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = false, -1 }, []string{"cabundle[2]: must be of an authority"}},
		"no constraints":    {attesttest.Zone, func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = false, false }, []string{"cabundle[2]: must be of an authority"}},
		"zone may not sign": {attesttest.Zone, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }, []string{"cabundle[2]: must be of an authority"}},
		"no key usage":      {attesttest.Instance, func(c *x509.Certificate) { c.KeyUsage = 0 }, []string{"cabundle[3]: must be of an authority"}},
		"root may not sign": {attesttest.Root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, []string{"cabundle[0]: must be of an authority"}},
		"leaf is a CA":      {attesttest.Leaf, func(c *x509.Certificate) { c.IsCA = true }, []string{"certificate: must be of a signer"}},
		"leaf may not sign": {attesttest.Leaf, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, []string{"certificate: must be of a signer"}},
		"path too long":     {attesttest.Region, func(c *x509.Certificate) { c.MaxPathLen = 1 }, []string{"certificate: has no valid path to the root: x509: too many intermediates"}},
		"instance path":     {attesttest.Zone, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }, []string{"certificate: has no valid path to the root: x509: too many intermediates"}},
		"critical extension": {attesttest.Instance, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}, []string{"certificate: has no valid path to the root: x509: unhandled critical extension"}},
	} {
		t.Run(name, func(t *testing.T) {
			i := must[*attesttest.Issuer](t)(attesttest.NewIssuer(attesttest.Options{Now: made, Modify: func(l attesttest.Level, c *x509.Certificate) {
				if l == tt.level {
					tt.modify(c)
				}
			}}))
			_, err := Verify(sign(t, i, i.Payload()), pinned(i))
			expect(t, err, tt.want...)
		})
	}
}

func TestVerifyRefusesBundle(t *testing.T) {
	i := issuer(t)
	other := must[*attesttest.Issuer](t)(attesttest.NewIssuer(attesttest.Options{Now: made}))
	der := func(l attesttest.Level) []byte { return i.Certificate(l).Raw }
	root, region, zone, instance := der(attesttest.Root), der(attesttest.Region), der(attesttest.Zone), der(attesttest.Instance)
	const untrusted = "cabundle[0]: is not AWS's Nitro Enclaves root, nor another that is trusted"
	notBy := func(i, by string) string { return i + ": was not issued by " + by }
	for name, tt := range map[string]struct {
		bundle [][]byte
		want   []string
	}{
		"upside down": {[][]byte{instance, zone, region, root}, []string{
			untrusted, notBy("cabundle[1]", "cabundle[0]"), notBy("cabundle[2]", "cabundle[1]"),
			notBy("cabundle[3]", "cabundle[2]"), notBy("certificate", "cabundle[3]"),
		}},
		"two exchanged": {[][]byte{root, zone, region, instance}, []string{
			notBy("cabundle[1]", "cabundle[0]"), notBy("cabundle[2]", "cabundle[1]"), notBy("cabundle[3]", "cabundle[2]"),
		}},
		"without the root":     {[][]byte{region, zone, instance}, []string{untrusted}},
		"only the root":        {[][]byte{root}, []string{notBy("certificate", "cabundle[0]")}},
		"without the instance": {[][]byte{root, region, zone}, []string{notBy("certificate", "cabundle[2]")}},
		"twice the region":     {[][]byte{root, region, region, zone, instance}, []string{notBy("cabundle[2]", "cabundle[1]")}},
		// Its names are the same, its keys are not.
		"another's root":   {[][]byte{other.Root().Raw, region, zone, instance}, []string{untrusted, notBy("cabundle[1]", "cabundle[0]")}},
		"another's region": {[][]byte{root, other.Certificate(attesttest.Region).Raw, zone, instance}, []string{notBy("cabundle[1]", "cabundle[0]"), notBy("cabundle[2]", "cabundle[1]")}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(sign(t, i, i.Payload().With("cabundle", tt.bundle)), pinned(i))
			expect(t, err, tt.want...)
		})
	}
	t.Run("another's leaf", func(t *testing.T) {
		_, err := Verify(sign(t, other, i.Payload().With("certificate", other.Certificate(attesttest.Leaf).Raw)), pinned(i))
		expect(t, err, notBy("certificate", "cabundle[3]"))
	})
	t.Run("root trusted by none", func(t *testing.T) {
		p := pinned(i)
		p.ExtraRoots = nil
		_, err := Verify(sign(t, i, i.Payload()), p)
		expect(t, err, untrusted)
	})
}

// TestEveryCertificateByteMatters changes certificates within their place in a document
// that is well signed.
func TestEveryCertificateByteMatters(t *testing.T) {
	i := issuer(t)
	for level := attesttest.Root; level <= attesttest.Leaf; level++ {
		der := i.Certificate(level).Raw
		for at := 0; at < len(der); at += 41 {
			changed := slices.Clone(der)
			changed[at] ^= 0x10
			payload := i.Payload()
			if level == attesttest.Leaf {
				payload["certificate"] = changed
			} else {
				bundle := slices.Clone(payload["cabundle"].([][]byte))
				bundle[level] = changed
				payload["cabundle"] = bundle
			}
			if _, err := Verify(sign(t, i, payload), pinned(i)); err == nil {
				t.Errorf("byte %d of level %d can be changed", at, level)
			}
		}
	}
}
