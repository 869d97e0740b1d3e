package eth2

// Duty is an object that is signed.
type Duty interface {
	// HashTreeRoot is the object's SSZ root.
	HashTreeRoot() Root
}

// Checkpoint is the first block of an epoch.
type Checkpoint struct {
	Epoch Uint `json:"epoch"`
	Root  Root `json:"root"`
}

// HashTreeRoot implements [Duty].
func (c Checkpoint) HashTreeRoot() Root { return container(c.Epoch.leaf(), c.Root) }

// Attestation is AttestationData, a vote.
type Attestation struct {
	Slot            Uint       `json:"slot"`
	Index           Uint       `json:"index"`
	BeaconBlockRoot Root       `json:"beacon_block_root"`
	Source          Checkpoint `json:"source"`
	Target          Checkpoint `json:"target"`
}

// HashTreeRoot implements [Duty].
func (a Attestation) HashTreeRoot() Root {
	return container(a.Slot.leaf(), a.Index.leaf(), a.BeaconBlockRoot, a.Source.HashTreeRoot(), a.Target.HashTreeRoot())
}

// BlockHeader is BeaconBlockHeader, which has the root of the block that it is of.
type BlockHeader struct {
	Slot          Uint `json:"slot"`
	ProposerIndex Uint `json:"proposer_index"`
	ParentRoot    Root `json:"parent_root"`
	StateRoot     Root `json:"state_root"`
	BodyRoot      Root `json:"body_root"`
}

// HashTreeRoot implements [Duty].
func (b BlockHeader) HashTreeRoot() Root {
	return container(b.Slot.leaf(), b.ProposerIndex.leaf(), b.ParentRoot, b.StateRoot, b.BodyRoot)
}

// VoluntaryExit ends a validator's duties.
type VoluntaryExit struct {
	Epoch          Uint `json:"epoch"`
	ValidatorIndex Uint `json:"validator_index"`
}

// HashTreeRoot implements [Duty].
func (v VoluntaryExit) HashTreeRoot() Root { return container(v.Epoch.leaf(), v.ValidatorIndex.leaf()) }

// RandaoReveal is an epoch, as a duty of its proposers.
type RandaoReveal struct {
	Epoch Uint `json:"epoch"`
}

// HashTreeRoot implements [Duty].
func (r RandaoReveal) HashTreeRoot() Root { return r.Epoch.leaf() }

// AggregationSlot is a slot, whose signature chooses the aggregators.
type AggregationSlot struct {
	Slot Uint `json:"slot"`
}

// HashTreeRoot implements [Duty].
func (a AggregationSlot) HashTreeRoot() Root { return a.Slot.leaf() }

// SyncCommitteeMessage is a vote for the head. What is signed is the block's root.
type SyncCommitteeMessage struct {
	BeaconBlockRoot Root `json:"beacon_block_root"`
	Slot            Uint `json:"slot"`
}

// HashTreeRoot implements [Duty].
func (s SyncCommitteeMessage) HashTreeRoot() Root { return s.BeaconBlockRoot }

// SyncAggregatorSelection is SyncAggregatorSelectionData.
type SyncAggregatorSelection struct {
	Slot              Uint `json:"slot"`
	SubcommitteeIndex Uint `json:"subcommittee_index"`
}

// HashTreeRoot implements [Duty].
func (s SyncAggregatorSelection) HashTreeRoot() Root {
	return container(s.Slot.leaf(), s.SubcommitteeIndex.leaf())
}

// ValidatorRegistration is ValidatorRegistrationV1 of ethereum/builder-specs.
type ValidatorRegistration struct {
	FeeRecipient Address   `json:"fee_recipient"`
	GasLimit     Uint      `json:"gas_limit"`
	Timestamp    Uint      `json:"timestamp"`
	Pubkey       PublicKey `json:"pubkey"`
}

// HashTreeRoot implements [Duty].
func (v ValidatorRegistration) HashTreeRoot() Root {
	return container(short(v.FeeRecipient[:]), v.GasLimit.leaf(), v.Timestamp.leaf(), v.Pubkey.root())
}
