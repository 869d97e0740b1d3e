package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/bls"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// Config has what of the real signer's configuration this one uses, and a section of its
// own. Other keys of the real one are passed over.
type Config struct {
	Network string `json:"network"` // default mainnet
	Server  Listen `json:"server"`  // default 127.0.0.1:9000
	Metrics Listen `json:"metrics"` // default 127.0.0.1:3000

	SignerState struct {
		Table string `json:"table"` // default containment-state
	} `json:"signer_state"`
	AntiSlashing struct {
		Backend string `json:"backend"` // memory, which is the default, or dynamodb
		Table   string `json:"table"`
	} `json:"anti_slashing"`
	KeySources struct {
		DynamoDB struct {
			Enclave struct {
				VsockPort        uint32 `json:"vsock_port"`
				MetricsVsockPort uint32 `json:"metrics_vsock_port"`
			} `json:"enclave"`
		} `json:"dynamodb"`
	} `json:"key_sources"`

	Fixture Fixture `json:"-"`
	keys    map[eth2.PublicKey]*bls.Key
}

// Listen is a TCP address.
type Listen struct {
	Address string `json:"listen_address"`
	Port    int    `json:"listen_port"`
}

func (l Listen) String() string { return net.JoinHostPort(l.Address, strconv.Itoa(l.Port)) }

// Fixture is the section "fixture".
type Fixture struct {
	// SecretKeys are those of validators, 32 bytes in hexadecimal digits.
	SecretKeys []string `json:"secret_keys"`
	// Tokens are the bearer tokens that may sign. None means that everybody may.
	Tokens []string `json:"tokens,omitempty"`
	// Listen is tcp, which is the default, or vsock: then on the ports of
	// key_sources.dynamodb.enclave.
	Listen string `json:"listen,omitempty"`
	// KMSCiphertext is the master key. Without it no call to AWS is made, and the signer
	// is never sealed.
	KMSCiphertext []byte `json:"kms_ciphertext,omitempty"`
	// CABundle is a file of certificates in PEM, CABundlePEM are such certificates. They
	// replace the system's.
	CABundle    string `json:"ca_bundle,omitempty"`
	CABundlePEM string `json:"ca_bundle_pem,omitempty"`
	// Attestation is auto (the default: KMS gets a document where there is an NSM),
	// required or off.
	Attestation string `json:"attestation,omitempty"`
	// DrainSeconds is how long requests may take to finish. Default 25, as upstream has.
	DrainSeconds int `json:"drain_seconds,omitempty"`
	// SigningDelayMillis makes each signature last longer, for tests of endings.
	SigningDelayMillis int `json:"signing_delay_ms,omitempty"`
	// ConcurrencyLimit is how many signatures may be in the making at once; more are
	// refused with 503. Default 1024.
	ConcurrencyLimit int `json:"concurrency_limit,omitempty"`
	// TokenPollMillis is how often token files are looked at. Default 200.
	TokenPollMillis int `json:"token_poll_ms,omitempty"`
	// LogRequests logs the X-Request-Id of each request to sign before its answer is made,
	// so that a test of endings knows which were accepted.
	LogRequests bool `json:"log_requests,omitempty"`
	// SetupToken is logged once, as the real signer does on its first boot.
	SetupToken string `json:"setup_token,omitempty"`
}

func (f Fixture) drain() time.Duration { return time.Duration(f.DrainSeconds) * time.Second }

// ParseConfig reads JSON. Its faults never show a key or a token.
func ParseConfig(data []byte) (*Config, error) {
	c := &Config{Network: "mainnet", Server: Listen{"127.0.0.1", contract.PortAPI}, Metrics: Listen{"127.0.0.1", contract.PortMetrics}}
	c.Fixture = Fixture{Listen: "tcp", Attestation: "auto", DrainSeconds: contract.SignerDrainSeconds, TokenPollMillis: 200, ConcurrencyLimit: 1024}
	c.SignerState.Table = "containment-state"
	c.AntiSlashing.Backend = "memory"
	c.KeySources.DynamoDB.Enclave.VsockPort = contract.PortAPI
	c.KeySources.DynamoDB.Enclave.MetricsVsockPort = contract.PortMetrics
	section := struct {
		*Config
		Fixture json.RawMessage `json:"fixture"`
	}{Config: c}
	if err := json.Unmarshal(data, &section); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if len(section.Fixture) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(section.Fixture))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&c.Fixture); err != nil {
			return nil, fmt.Errorf("reading the configuration: fixture: %w", err)
		}
	}
	return c, c.check()
}

func (c *Config) check() error {
	var l fault.List
	if _, ok := eth2.Networks()[c.Network]; !ok {
		l.Add("network", c.Network, "must be mainnet, sepolia or hoodi", "")
	}
	oneOf(&l, "fixture.listen", c.Fixture.Listen, "tcp", "vsock")
	oneOf(&l, "fixture.attestation", c.Fixture.Attestation, "auto", "required", "off")
	oneOf(&l, "anti_slashing.backend", c.AntiSlashing.Backend, "memory", "dynamodb")
	if c.AntiSlashing.Backend == "dynamodb" && (c.AntiSlashing.Table == "" || len(c.Fixture.KMSCiphertext) == 0) {
		l.Add("anti_slashing.backend", "dynamodb", "needs a table, and AWS", "give anti_slashing.table and fixture.kms_ciphertext")
	}
	if c.Fixture.TokenPollMillis <= 0 {
		l.Add("fixture.token_poll_ms", c.Fixture.TokenPollMillis, "must be more than 0", "")
	}
	if c.Fixture.ConcurrencyLimit <= 0 {
		l.Add("fixture.concurrency_limit", c.Fixture.ConcurrencyLimit, "must be more than 0", "")
	}
	l.Join("fixture.secret_keys", c.parseKeys())
	return l.Err()
}

func (c *Config) parseKeys() error {
	var l fault.List
	c.keys = map[eth2.PublicKey]*bls.Key{}
	for i, digits := range c.Fixture.SecretKeys {
		key, err := bls.ParseKey(digits)
		if err != nil {
			l.Join(fmt.Sprintf("fixture.secret_keys[%d]", i), err)
			continue
		}
		c.keys[key.Public()] = key
	}
	if len(c.Fixture.SecretKeys) == 0 {
		l.Add("fixture.secret_keys", nil, "must have a key", "")
	}
	return l.Err()
}

func oneOf(l *fault.List, property, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		l.Add(property, value, "must be "+strings.Join(allowed, " or "), "")
	}
}

// statusSlashing is what Web3Signer answers to what it must not sign.
const statusSlashing = http.StatusPreconditionFailed
