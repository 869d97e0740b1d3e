package eth2

import (
	"encoding/json"
	"testing"

	"github.com/protolambda/zrnt/eth2/beacon/altair"
	"github.com/protolambda/zrnt/eth2/beacon/common"
	"github.com/protolambda/zrnt/eth2/beacon/phase0"
	"github.com/protolambda/ztyp/tree"
	"github.com/protolambda/ztyp/view"
)

func filled(b byte) (r Root) {
	for i := range r {
		r[i] = b + byte(i)
	}
	return r
}

// TestRootsAgreeWithZRNT compares each type with a library of others.
func TestRootsAgreeWithZRNT(t *testing.T) {
	h := tree.GetHashFn()
	source, target := Checkpoint{7, filled(2)}, Checkpoint{8, filled(3)}
	theirs := func(c Checkpoint) common.Checkpoint {
		return common.Checkpoint{Epoch: common.Epoch(c.Epoch), Root: tree.Root(c.Root)}
	}
	registration := ValidatorRegistration{FeeRecipient: Address{1, 2, 19: 3}, GasLimit: 36_000_000, Timestamp: 1_700_000_000, Pubkey: PublicKey{4, 31: 5, 47: 6}}
	for _, tc := range []struct {
		name string
		ours Duty
		want tree.Root
	}{
		{
			"attestation", Attestation{260, 3, filled(1), source, target},
			(&phase0.AttestationData{Slot: 260, Index: 3, BeaconBlockRoot: tree.Root(filled(1)), Source: theirs(source), Target: theirs(target)}).HashTreeRoot(h),
		},
		{
			"block header", BlockHeader{1 << 40, 77, filled(4), filled(5), filled(6)},
			(&common.BeaconBlockHeader{Slot: 1 << 40, ProposerIndex: 77, ParentRoot: tree.Root(filled(4)), StateRoot: tree.Root(filled(5)), BodyRoot: tree.Root(filled(6))}).HashTreeRoot(h),
		},
		{"exit", VoluntaryExit{9, 1 << 33}, (&phase0.VoluntaryExit{Epoch: 9, ValidatorIndex: 1 << 33}).HashTreeRoot(h)},
		{"randao", RandaoReveal{1<<64 - 1}, common.Epoch(1<<64 - 1).HashTreeRoot(h)},
		{"aggregation slot", AggregationSlot{321}, common.Slot(321).HashTreeRoot(h)},
		{"sync message", SyncCommitteeMessage{filled(9), 5}, tree.Root(filled(9))},
		{"sync selection", SyncAggregatorSelection{5, 2}, (&altair.SyncAggregatorSelectionData{Slot: 5, SubcommitteeIndex: 2}).HashTreeRoot(h)},
		{
			"registration", registration,
			h.HashTreeRoot((*common.Eth1Address)(&registration.FeeRecipient), view.Uint64View(36_000_000), view.Uint64View(1_700_000_000), common.BLSPubkey(registration.Pubkey)),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.ours.HashTreeRoot(); got != Root(tc.want) {
				t.Errorf("root %s, want %s", got, Root(tc.want))
			}
		})
	}
}

func TestSigningRootAgreesWithZRNT(t *testing.T) {
	for _, tc := range []struct {
		ours   DomainType
		theirs common.BLSDomainType
	}{
		{domainProposer, common.DOMAIN_BEACON_PROPOSER},
		{domainAttester, common.DOMAIN_BEACON_ATTESTER},
		{domainRandao, common.DOMAIN_RANDAO},
		{domainExit, common.DOMAIN_VOLUNTARY_EXIT},
		{domainSelection, common.DOMAIN_SELECTION_PROOF},
		{domainSync, common.DOMAIN_SYNC_COMMITTEE},
		{domainSyncSelect, common.DOMAIN_SYNC_COMMITTEE_SELECTION_PROOF},
	} {
		version, genesis := Version{4, 3, 2, 1}, filled(7)
		domain := common.ComputeDomain(tc.theirs, common.Version(version), tree.Root(genesis))
		want := common.ComputeSigningRoot(common.Epoch(12).HashTreeRoot(tree.GetHashFn()), domain)
		if got := SigningRoot(RandaoReveal{12}, Domain(tc.ours, version, genesis)); got != Root(want) {
			t.Errorf("domain %v: root %s, want %s", tc.ours, got, Root(want))
		}
	}
}

func TestRequestRoot(t *testing.T) {
	fork := `"fork_info":{"fork":{"previous_version":"0x04000000","current_version":"0x05000000","epoch":"10"},"genesis_validators_root":"` + filled(7).String() + `"}`
	mainnet := Networks()["mainnet"]
	root := func(d Duty, domain DomainType, v Version) Root { return SigningRoot(d, Domain(domain, v, filled(7))) }
	selection := root(AggregationSlot{319}, domainSelection, Version{4})
	for _, tc := range []struct {
		name, body string
		want       Root
	}{
		{"before the fork", `{"type":"AGGREGATION_SLOT",` + fork + `,"aggregation_slot":{"slot":"319"}}`, selection},
		{"numbers that are no strings", `{"type":"AGGREGATION_SLOT",` + fork + `,"aggregation_slot":{"slot":319}}`, selection},
		{"from the fork on", `{"type":"AGGREGATION_SLOT",` + fork + `,"aggregation_slot":{"slot":"320"}}`, root(AggregationSlot{320}, domainSelection, Version{5})},
		{"EIP-7044", `{"type":"VOLUNTARY_EXIT",` + fork + `,"voluntary_exit":{"epoch":"99","validator_index":"1"}}`, root(VoluntaryExit{99, 1}, domainExit, Version{3})},
		{"with its signing root", `{"type":"AGGREGATION_SLOT",` + fork + `,"signingRoot":"` + selection.String() + `","aggregation_slot":{"slot":"319"}}`, selection},
		{"with both spellings", `{"type":"AGGREGATION_SLOT",` + fork + `,"signing_root":"` + selection.String() + `","signingRoot":"` + selection.String() + `","aggregation_slot":{"slot":"319"}}`, selection},
	} {
		t.Run(tc.name, func(t *testing.T) {
			request, err := ParseRequest([]byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := request.Root(mainnet)
			if err != nil || got != tc.want {
				t.Errorf("%s (%v), want %s", got, err, tc.want)
			}
		})
	}
}

func TestRequestRefused(t *testing.T) {
	fork, err := json.Marshal(ForkInfo{GenesisValidatorsRoot: filled(7)})
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"another root":      `{"type":"RANDAO_REVEAL","fork_info":` + string(fork) + `,"signingRoot":"` + filled(1).String() + `","randao_reveal":{"epoch":"1"}}`,
		"another root, too": `{"type":"RANDAO_REVEAL","fork_info":` + string(fork) + `,"signing_root":"` + filled(1).String() + `","randao_reveal":{"epoch":"1"}}`,
		"another object":    `{"type":"RANDAO_REVEAL","fork_info":` + string(fork) + `,"aggregation_slot":{"slot":"1"}}`,
		"no fork":           `{"type":"RANDAO_REVEAL","randao_reveal":{"epoch":"1"}}`,
		"no header":         `{"type":"BLOCK_V2","fork_info":` + string(fork) + `,"beacon_block":{"version":"FULU"}}`,
		"unknown type":      `{"type":"DEPOSIT","fork_info":` + string(fork) + `}`,
		"short root":        `{"type":"RANDAO_REVEAL","signingRoot":"0x01"}`,
		"no number":         `{"type":"RANDAO_REVEAL","randao_reveal":{"epoch":"-1"}}`,
		"no JSON":           `{`,
	} {
		t.Run(name, func(t *testing.T) {
			request, err := ParseRequest([]byte(body))
			if err == nil {
				_, err = request.Root(Networks()["mainnet"])
			}
			if err == nil {
				t.Error("it was accepted")
			}
		})
	}
}
