package slashing

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

func vote(source, target eth2.Uint) eth2.Request {
	return eth2.Request{Type: eth2.TypeAttestation, ForkInfo: &eth2.ForkInfo{}, Attestation: &eth2.Attestation{
		Source: eth2.Checkpoint{Epoch: source}, Target: eth2.Checkpoint{Epoch: target},
	}}
}

func block(slot eth2.Uint) eth2.Request {
	return eth2.Request{Type: eth2.TypeBlock, ForkInfo: &eth2.ForkInfo{}, Block: &eth2.Block{Header: &eth2.BlockHeader{Slot: slot}}}
}

func TestAllow(t *testing.T) {
	for _, tc := range []struct {
		name          string
		first, second eth2.Request
		root          byte
		refused       bool
	}{
		{"the next vote", vote(1, 2), vote(2, 3), 2, false},
		{"the same vote", vote(1, 2), vote(1, 2), 1, false},
		{"double vote", vote(1, 2), vote(1, 2), 2, true},
		{"surrounding vote", vote(3, 4), vote(2, 5), 2, true},
		{"surrounded vote", vote(2, 5), vote(3, 4), 2, true},
		{"backward vote", vote(1, 2), vote(3, 2), 2, true},
		{"the next block", block(7), block(8), 2, false},
		{"the same block", block(7), block(7), 1, false},
		{"double proposal", block(7), block(7), 2, true},
		{"earlier block", block(7), block(6), 2, true},
		{"a block after a vote", vote(1, 2), block(1), 2, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := Guard{Store: &Memory{}}
			if err := g.Allow(t.Context(), eth2.PublicKey{}, tc.first, eth2.Root{1}); err != nil {
				t.Fatal(err)
			}
			err := g.Allow(t.Context(), eth2.PublicKey{}, tc.second, eth2.Root{tc.root})
			if errors.Is(err, ErrSlashable) != tc.refused {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAllowSeparatesKeysAndChains(t *testing.T) {
	g := Guard{Store: &Memory{}}
	other := vote(1, 2)
	other.ForkInfo = &eth2.ForkInfo{GenesisValidatorsRoot: eth2.Root{1}}
	for _, err := range []error{
		g.Allow(t.Context(), eth2.PublicKey{}, vote(1, 2), eth2.Root{1}),
		g.Allow(t.Context(), eth2.PublicKey{1}, vote(1, 2), eth2.Root{2}),
		g.Allow(t.Context(), eth2.PublicKey{}, other, eth2.Root{3}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestAllowOneOfMany: of many different blocks for one slot at once, one is signed.
func TestAllowOneOfMany(t *testing.T) {
	store := &Memory{}
	guards := []*Guard{{Store: store}, {Store: store}} // two signers that share a table
	var allowed atomic.Int32
	var all sync.WaitGroup
	for i := range byte(32) {
		all.Go(func() {
			err := guards[i%2].Allow(context.Background(), eth2.PublicKey{}, block(7), eth2.Root{i})
			switch {
			case err == nil:
				allowed.Add(1)
			case !errors.Is(err, ErrSlashable) && !errors.Is(err, ErrConflict):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := allowed.Load(); n != 1 {
		t.Errorf("%d blocks were allowed", n)
	}
}
