package eth2

import "bytes"

// DomainType keeps a signature of one kind from being one of another.
type DomainType [4]byte

// Domain types of phase 0, Altair and the builder API.
var (
	domainProposer    = DomainType{0, 0, 0, 0}
	domainAttester    = DomainType{1, 0, 0, 0}
	domainRandao      = DomainType{2, 0, 0, 0}
	domainExit        = DomainType{4, 0, 0, 0}
	domainSelection   = DomainType{5, 0, 0, 0}
	domainSync        = DomainType{7, 0, 0, 0}
	domainSyncSelect  = DomainType{8, 0, 0, 0}
	domainApplication = DomainType{0, 0, 0, 1}
)

// Fork says which version is in force: Previous before the epoch, Current from it on.
type Fork struct {
	Previous Version `json:"previous_version"`
	Current  Version `json:"current_version"`
	Epoch    Uint    `json:"epoch"`
}

func (f Fork) at(epoch Uint) Version {
	if epoch < f.Epoch {
		return f.Previous
	}
	return f.Current
}

// ForkInfo is the chain that a signature is for.
type ForkInfo struct {
	Fork                  Fork `json:"fork"`
	GenesisValidatorsRoot Root `json:"genesis_validators_root"`
}

// Domain is compute_domain.
func Domain(t DomainType, version Version, genesisValidatorsRoot Root) Root {
	fork := container(short(version[:]), genesisValidatorsRoot)
	var domain Root
	copy(domain[:4], t[:])
	copy(domain[4:], fork[:28])
	return domain
}

// SigningRoot is compute_signing_root.
func SigningRoot(d Duty, domain Root) Root { return container(d.HashTreeRoot(), domain) }

// Network is what of a chain does not come with a request.
type Network struct {
	// Genesis is the version at genesis: registrations for builders are signed for it.
	Genesis Version
	// Capella is the version for which voluntary exits are signed from Deneb on
	// (EIP-7044).
	Capella Version
}

// Networks are those that the signer knows by name.
func Networks() map[string]Network {
	return map[string]Network{
		"mainnet": {Version{0, 0, 0, 0}, Version{3, 0, 0, 0}},
		"sepolia": {Version{0x90, 0, 0, 0x69}, Version{0x90, 0, 0, 0x72}},
		"hoodi":   {Version{0x10, 0, 0x09, 0x10}, Version{0x40, 0, 0x09, 0x10}},
	}
}

// exit is the version for which an exit is signed. The three networks number their forks
// in ascending order, so that what is greater is later.
func (n Network) exit(version Version) Version {
	if bytes.Compare(version[:], n.Capella[:]) > 0 {
		return n.Capella
	}
	return version
}
