package client

import "github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"

// Network is the one that the requests of this package are for, by its name in the
// signer's configuration.
const Network = "hoodi"

// Requests are one of each type that the signer knows, for an epoch: those of a later
// epoch may follow without being slashable.
func Requests(epoch eth2.Uint) []eth2.Request {
	fork := forkInfo()
	slot, root := epoch*32+1, eth2.Root{1, 2, 3, byte(epoch)}
	return []eth2.Request{
		Randao(epoch),
		{Type: eth2.TypeAttestation, ForkInfo: fork, Attestation: &eth2.Attestation{
			Slot: slot, BeaconBlockRoot: root, Source: eth2.Checkpoint{Epoch: epoch - 1, Root: root}, Target: eth2.Checkpoint{Epoch: epoch, Root: root},
		}},
		{Type: eth2.TypeBlock, ForkInfo: fork, Block: &eth2.Block{Version: "FULU", Header: &eth2.BlockHeader{
			Slot: slot, ProposerIndex: 7, ParentRoot: root, StateRoot: root, BodyRoot: root,
		}}},
		{Type: eth2.TypeAggregationSlot, ForkInfo: fork, AggregationSlot: &eth2.AggregationSlot{Slot: slot}},
		{Type: eth2.TypeVoluntaryExit, ForkInfo: fork, VoluntaryExit: &eth2.VoluntaryExit{Epoch: epoch, ValidatorIndex: 7}},
		{Type: eth2.TypeSyncCommitteeMessage, ForkInfo: fork, SyncCommitteeMessage: &eth2.SyncCommitteeMessage{BeaconBlockRoot: root, Slot: slot}},
		{Type: eth2.TypeSyncSelectionProof, ForkInfo: fork, SyncSelection: &eth2.SyncAggregatorSelection{Slot: slot, SubcommitteeIndex: 2}},
		{Type: eth2.TypeValidatorRegistration, ValidatorRegistration: &eth2.ValidatorRegistration{GasLimit: 36_000_000, Timestamp: slot}},
	}
}

// Randao is a request that is never refused: what loads are made of.
func Randao(epoch eth2.Uint) eth2.Request {
	return eth2.Request{Type: eth2.TypeRandaoReveal, ForkInfo: forkInfo(), RandaoReveal: &eth2.RandaoReveal{Epoch: epoch}}
}

// forkInfo is that of Hoodi between its forks Electra and Fulu. The genesis root is made
// up.
func forkInfo() *eth2.ForkInfo {
	return &eth2.ForkInfo{
		Fork:                  eth2.Fork{Previous: eth2.Version{0x60, 0, 0x09, 0x10}, Current: eth2.Version{0x70, 0, 0x09, 0x10}, Epoch: 50},
		GenesisValidatorsRoot: eth2.Root{0x21, 0x2f, 31: 0x01},
	}
}
