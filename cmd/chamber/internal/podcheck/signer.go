package podcheck

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// checkSigner tells whether the signer can sign.
func (p *pod) checkSigner() bool {
	if !p.Up.asked() {
		return false
	}
	switch {
	case p.Up.Err != nil:
		p.unanswered(CheckUp, contract.PathUpcheck, p.Up)
		return false
	case p.Up.Status != http.StatusOK:
		p.add(CheckUp, "signer not up", answers(contract.PathUpcheck, p.Up), p.logs())
		return false
	case p.Health.Err != nil:
		p.unanswered(CheckHealth, contract.PathHealthcheck, p.Health)
		return false
	case p.Health.Status == http.StatusServiceUnavailable:
		p.add(CheckHealth, "sealed", answers(contract.PathHealthcheck, p.Health)+", while "+contract.PathUpcheck+" answers 200: the signer runs and must not sign. Mostly it is sealed",
			"unseal it with `containment-chamber operator unseal`, or `operator init` the first time; `operator status` says in which state it is. If it is not sealed, something that it needs is away: "+p.logs())
		return false
	case p.Health.Status != http.StatusOK:
		p.add(CheckHealth, "unhealthy", answers(contract.PathHealthcheck, p.Health), p.logs())
		return false
	}
	p.checkReady()
	return true
}

// checkReady is of a pod whose signer is healthy.
func (p *pod) checkReady() {
	switch {
	case p.Ready.Err != nil:
		p.unanswered(CheckReady, contract.PathReady, p.Ready)
	case p.Ready.Status != http.StatusOK:
		p.add(CheckReady, "not ready", answers(contract.PathReady, p.Ready), p.logs())
	case !p.report.Ready:
		p.note("it is ready by now, and kubelet has not noticed yet")
	}
}

func (p *pod) checkKeys() {
	const what = "the list of public keys"
	switch {
	case !p.Keys.asked():
	case p.Keys.Err != nil:
		p.unanswered(CheckKeys, what, p.Keys)
	case p.Keys.Status == http.StatusOK:
		p.countKeys()
	case refused(p.Keys):
		p.note("the signer does not list its keys without a token: give --auth-token env:NAME")
	case p.Keys.Status == http.StatusNotFound:
		p.note("the signer does not list its keys at this port; with aTLS alone it does so at port %d", contract.PortTLS)
	default:
		p.add(CheckKeys, "no key list", answers(what, p.Keys), p.logs())
	}
}

func (p *pod) countKeys() {
	var keys []string
	if err := json.Unmarshal([]byte(p.Keys.Body), &keys); err != nil {
		p.add(CheckKeys, "no key list", "the list of public keys cannot be read: "+clean(err.Error()), p.logs())
		return
	}
	count := len(keys)
	p.report.Keys = &count
	if count == 0 {
		p.add(CheckKeys, "no keys", "the signer has no key to sign with",
			"see that the key source of the signer's configuration is the right one, and that its keys are active; "+p.logs())
	}
}

// checkSignature takes a signature for what it looks like. Nobody here knows BLS; that
// several pods give the same is checked apart.
func (p *pod) checkSignature() {
	const what = "the request for a signature"
	switch {
	case !p.Signature.asked():
	case p.Signature.Err != nil:
		p.unanswered(CheckSignature, what, p.Signature)
	case p.Signature.Status == http.StatusOK:
		p.readSignature()
	case refused(p.Signature):
		p.add(CheckSignature, "not allowed", answers(what, p.Signature)+": a policy of the signer refuses it",
			"give --auth-token env:NAME with a token whose policy allows RANDAO_REVEAL with this key from here")
	case p.Signature.Status == http.StatusNotFound:
		p.add(CheckSignature, "no such key", answers(what, p.Signature), "see that the signer has this public key; it lists those that it has to "+p.keysCommand())
	case p.Signature.Status == http.StatusBadRequest:
		p.add(CheckSignature, "not signed", answers(what, p.Signature), "see that --network is the signer's")
	case p.Signature.Status == http.StatusServiceUnavailable:
		p.add(CheckSignature, "overloaded", answers(what, p.Signature), "the signer has too much to do, or was sealed just now; "+p.logs())
	default:
		p.add(CheckSignature, "not signed", answers(what, p.Signature), p.logs())
	}
}

func (p *pod) keysCommand() string {
	return fmt.Sprintf("`curl http://localhost:9000/api/v1/eth2/publicKeys` beside %s",
		p.kubectl("port-forward", fmt.Sprintf("9000:%d", Port(&p.Pod, contract.PortNameAPI, contract.PortAPI))))
}

// signatureBytes is the size of a BLS signature on BLS12-381, compressed.
const signatureBytes = 96

// readSignature takes both of Web3Signer's forms: JSON, and the digits alone.
func (p *pod) readSignature() {
	text := strings.TrimSpace(p.Signature.Body)
	var body struct {
		Signature string `json:"signature"`
	}
	if json.Unmarshal([]byte(text), &body) == nil && body.Signature != "" {
		text = body.Signature
	}
	digits, prefixed := strings.CutPrefix(text, "0x")
	raw, err := hex.DecodeString(digits)
	if !prefixed || err != nil || len(raw) != signatureBytes {
		p.add(CheckSignature, "not signed", "the answer is no signature: "+clean(text), p.logs())
		return
	}
	p.report.Signature = text
}

// compareSignatures relies on what BLS promises: one key makes one signature of a message.
// A pod that gives another one than most, or than the first, has another key.
func compareSignatures(pods []*pod) {
	count, most := map[string]int{}, ""
	for _, p := range pods {
		if s := p.report.Signature; s != "" {
			if count[s]++; count[s] > count[most] {
				most = s
			}
		}
	}
	for _, p := range pods {
		if s := p.report.Signature; s != "" && s != most {
			p.add(CheckSignature, "other signature", "it signs the same message with the same key otherwise than other pods do",
				"one of them has not the key that it claims: stop them and compare their images and key sources")
		}
	}
}

func refused(a Answer) bool {
	return a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden
}

func answers(what string, a Answer) string {
	return sentence(fmt.Sprintf("%s answers %d", what, a.Status), a.Body)
}
