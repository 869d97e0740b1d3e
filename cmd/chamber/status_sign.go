package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// signFlags are those for what the signer is asked.
type signFlags struct {
	publicKey string
	network   string
	token     string
}

func (f *signFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.publicKey, "sign", "", "public key with which every pod is to sign a harmless message; by default nothing is signed")
	flags.StringVar(&f.network, "network", "", "the signer's network, which --sign needs: "+strings.Join(networkNames(), ", "))
	flags.StringVar(&f.token, "auth-token", "", "token for the signer's API, as env:NAME; it is not taken from the command line, where others could read it")
}

// network is what a message of its first epoch is signed for.
type network struct{ version, root string }

// networks are those that the signer knows, by the metadata of the repositories mainnet,
// sepolia and hoodi of eth-clients: GENESIS_FORK_VERSION and genesis_validators_root.
var networks = map[string]network{
	"mainnet": {"0x00000000", "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"},
	"sepolia": {"0x90000069", "0xd8ea171f3c94aea21ebc42a1ed61052acf3f9209c00e4efbaaddac09ed9b8078"},
	"hoodi":   {"0x10000910", "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f"},
}

func networkNames() []string { return slices.Sorted(maps.Keys(networks)) }

// publicKeyBytes is the size of a BLS public key on BLS12-381, compressed.
const publicKeyBytes = 48

// signing is a request for a signature, in the form of Web3Signer's API.
type signing struct {
	path string
	body []byte
}

// request returns the token and the request; the latter is nil when nothing is to be
// signed.
func (f *signFlags) request() (token string, s *signing, err error) {
	if f.token != "" {
		name, ok := strings.CutPrefix(f.token, "env:")
		if !ok {
			return "", nil, errors.New("--auth-token: write it as env:NAME, and the token into that variable of the environment")
		}
		if token = os.Getenv(name); token == "" {
			return "", nil, fmt.Errorf("--auth-token: the variable %s is not set", name)
		}
	}
	if f.publicKey == "" {
		return token, nil, nil
	}
	digits, _ := strings.CutPrefix(f.publicKey, "0x")
	if raw, err := hex.DecodeString(digits); err != nil || len(raw) != publicKeyBytes {
		return "", nil, fmt.Errorf("--sign %.120q: a public key has %d hexadecimal digits", f.publicKey, 2*publicKeyBytes)
	}
	n, ok := networks[f.network]
	if !ok {
		return "", nil, fmt.Errorf("--network %q: --sign needs it; use one of %s", f.network, strings.Join(networkNames(), ", "))
	}
	body, err := json.Marshal(n.reveal())
	return token, &signing{path: apiPrefix + "sign/0x" + strings.ToLower(digits), body: body}, err
}

// reveal is a RANDAO reveal of epoch 0. It is bound to that epoch and to that network: a
// proposer of any other epoch must give another one, and no rule slashes it.
func (n network) reveal() any {
	return map[string]any{
		"type": "RANDAO_REVEAL",
		"fork_info": map[string]any{
			"fork":                    map[string]string{"previous_version": n.version, "current_version": n.version, "epoch": "0"},
			"genesis_validators_root": n.root,
		},
		"randao_reveal": map[string]string{"epoch": "0"},
	}
}
