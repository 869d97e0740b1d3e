package eth2

import (
	"encoding/json"
	"fmt"
)

// slotsPerEpoch is that of all public networks.
const slotsPerEpoch = 32

// Types of requests that the signer knows, as Web3Signer spells them.
const (
	TypeAttestation           = "ATTESTATION"
	TypeBlock                 = "BLOCK_V2"
	TypeRandaoReveal          = "RANDAO_REVEAL"
	TypeAggregationSlot       = "AGGREGATION_SLOT"
	TypeVoluntaryExit         = "VOLUNTARY_EXIT"
	TypeSyncCommitteeMessage  = "SYNC_COMMITTEE_MESSAGE"
	TypeSyncSelectionProof    = "SYNC_COMMITTEE_SELECTION_PROOF"
	TypeValidatorRegistration = "VALIDATOR_REGISTRATION"
)

// Block is what of BLOCK_V2 is signed, for all forks since Bellatrix.
type Block struct {
	Version string       `json:"version"`
	Header  *BlockHeader `json:"block_header,omitempty"`
}

// Request is the body of a call to sign. One of the duties is there.
type Request struct {
	Type     string    `json:"type"`
	ForkInfo *ForkInfo `json:"fork_info,omitempty"`
	// SigningRoot and its second spelling are what the client wants to have signed. They
	// are optional: the signer knows better.
	SigningRoot      *Root `json:"signingRoot,omitempty"`
	SigningRootSnake *Root `json:"signing_root,omitempty"`

	Attestation           *Attestation             `json:"attestation,omitempty"`
	Block                 *Block                   `json:"beacon_block,omitempty"`
	RandaoReveal          *RandaoReveal            `json:"randao_reveal,omitempty"`
	AggregationSlot       *AggregationSlot         `json:"aggregation_slot,omitempty"`
	VoluntaryExit         *VoluntaryExit           `json:"voluntary_exit,omitempty"`
	SyncCommitteeMessage  *SyncCommitteeMessage    `json:"sync_committee_message,omitempty"`
	SyncSelection         *SyncAggregatorSelection `json:"sync_aggregator_selection_data,omitempty"`
	ValidatorRegistration *ValidatorRegistration   `json:"validator_registration,omitempty"`
}

// ParseRequest reads a body. Fields that are not known are passed over, as clients send
// some of later versions.
func ParseRequest(body []byte) (Request, error) {
	var r Request
	if err := json.Unmarshal(body, &r); err != nil {
		return Request{}, fmt.Errorf("reading the request: %w", err)
	}
	return r, nil
}

// Root computes what is to be signed. It fails for a type that is not known, without the
// type's object, and where the client wants another root.
func (r Request) Root(n Network) (Root, error) {
	root, err := r.compute(n)
	if err != nil {
		return Root{}, err
	}
	for _, wanted := range []*Root{r.SigningRoot, r.SigningRootSnake} {
		if wanted != nil && *wanted != root {
			return Root{}, fmt.Errorf("signing root (%s): is not that of the %s, which is %s", wanted, r.Type, root)
		}
	}
	return root, nil
}

func (r Request) compute(n Network) (Root, error) {
	if r.Type == TypeValidatorRegistration {
		if r.ValidatorRegistration == nil {
			return Root{}, r.missing("validator_registration")
		}
		return SigningRoot(r.ValidatorRegistration, Domain(domainApplication, n.Genesis, Root{})), nil
	}
	if r.ForkInfo == nil {
		return Root{}, r.missing("fork_info")
	}
	duty, domain, epoch, err := r.duty()
	if err != nil {
		return Root{}, err
	}
	version := r.ForkInfo.Fork.at(epoch)
	if r.Type == TypeVoluntaryExit {
		version = n.exit(version)
	}
	return SigningRoot(duty, Domain(domain, version, r.ForkInfo.GenesisValidatorsRoot)), nil
}

// duty finds the object that is signed, its domain and the epoch that decides the fork.
func (r Request) duty() (Duty, DomainType, Uint, error) {
	switch {
	case r.Type == TypeAttestation && r.Attestation != nil:
		return r.Attestation, domainAttester, r.Attestation.Target.Epoch, nil
	case r.Type == TypeBlock && r.Block != nil && r.Block.Header != nil:
		return r.Block.Header, domainProposer, r.Block.Header.Slot / slotsPerEpoch, nil
	case r.Type == TypeRandaoReveal && r.RandaoReveal != nil:
		return r.RandaoReveal, domainRandao, r.RandaoReveal.Epoch, nil
	case r.Type == TypeAggregationSlot && r.AggregationSlot != nil:
		return r.AggregationSlot, domainSelection, r.AggregationSlot.Slot / slotsPerEpoch, nil
	case r.Type == TypeVoluntaryExit && r.VoluntaryExit != nil:
		return r.VoluntaryExit, domainExit, r.VoluntaryExit.Epoch, nil
	case r.Type == TypeSyncCommitteeMessage && r.SyncCommitteeMessage != nil:
		return r.SyncCommitteeMessage, domainSync, r.SyncCommitteeMessage.Slot / slotsPerEpoch, nil
	case r.Type == TypeSyncSelectionProof && r.SyncSelection != nil:
		return r.SyncSelection, domainSyncSelect, r.SyncSelection.Slot / slotsPerEpoch, nil
	}
	return nil, DomainType{}, 0, r.missing("object of the type, or the type is none of those that this fixture knows: its object")
}

func (r Request) missing(what string) error {
	return fmt.Errorf("type (%.40q): there is no %s", r.Type, what)
}
