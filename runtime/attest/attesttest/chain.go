package attesttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// Level is a place in the chain of certificates, the root first.
type Level int

// The levels of AWS's chains.
const (
	Root Level = iota
	Region
	Zone
	Instance
	Leaf
)

// issue makes a chain and returns the leaf's key.
func issue(o Options) ([]*x509.Certificate, *ecdsa.PrivateKey, error) {
	var chain []*x509.Certificate
	var above *ecdsa.PrivateKey
	for l := range Leaf + 1 {
		key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		template := l.template(o.Now)
		if o.Modify != nil {
			o.Modify(l, template)
		}
		parent := template
		if l > Root {
			parent = chain[l-1]
		} else {
			above = key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), above)
		if err != nil {
			return nil, nil, fmt.Errorf("issuing %s: %w", template.Subject, err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, err
		}
		chain, above = append(chain, c), key
	}
	return chain, above, nil
}

// template has what AWS's certificates of a level have.
func (l Level) template(now time.Time) *x509.Certificate {
	const day = 24 * time.Hour
	t := &x509.Certificate{
		SerialNumber:          big.NewInt(int64(l) + 1),
		Subject:               pkix.Name{Country: []string{"US"}, Organization: []string{"Example"}, OrganizationalUnit: []string{"Test"}},
		BasicConstraintsValid: true, SignatureAlgorithm: x509.ECDSAWithSHA384,
	}
	lives := func(name string, before, after time.Duration) {
		t.Subject.CommonName = name
		t.NotBefore, t.NotAfter = now.Add(-before), now.Add(after)
	}
	switch l {
	case Root:
		lives("test.nitro-enclaves", 365*day, 30*365*day)
		t.MaxPathLen = -1
	case Region:
		lives("0123456789abcdef.us-east-1.test.nitro-enclaves", 10*day, 10*day)
		t.MaxPathLen = 2
	case Zone:
		lives("fedcba9876543210.zonal.us-east-1.test.nitro-enclaves", 3*day, 3*day)
		t.MaxPathLen = 1
	case Instance:
		lives("i-0123456789abcdef0.us-east-1.test.nitro-enclaves", 12*time.Hour, 12*time.Hour)
		t.MaxPathLenZero = true
	case Leaf:
		lives(ModuleID+".us-east-1.test", 3*time.Second, 3*time.Hour)
		t.MaxPathLen, t.KeyUsage = -1, x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment
		return t
	}
	t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign
	return t
}
