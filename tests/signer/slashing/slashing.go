// Package slashing refuses what would get a validator slashed, by the minimal rules of
// EIP-3076: of each key only the last vote and the last block are kept, and what is not
// beyond them is refused.
package slashing

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// ErrSlashable says that a signature was refused.
var ErrSlashable = errors.New("slashing protection")

// ErrConflict is what a store says of a write that is not based on what it has.
var ErrConflict = errors.New("the record has changed since it was read")

// Record is what a key has signed last on a chain.
type Record struct {
	// Revision counts the writes.
	Revision int `json:"revision"`
	// Vote is the last attestation, nil before the first.
	Vote *Vote `json:"vote,omitempty"`
	// Proposal is the last block, nil before the first.
	Proposal *Proposal `json:"proposal,omitempty"`
}

// Vote is an attestation that was signed.
type Vote struct {
	Source eth2.Uint `json:"source"`
	Target eth2.Uint `json:"target"`
	Root   eth2.Root `json:"root"`
}

// Proposal is a block that was signed.
type Proposal struct {
	Slot eth2.Uint `json:"slot"`
	Root eth2.Root `json:"root"`
}

// Store keeps records by name.
type Store interface {
	// Load returns the zero record where there is none.
	Load(ctx context.Context, name string) (Record, error)
	// Save writes a record, whose revision is one more than that of the stored one. It
	// fails with [ErrConflict] where that is another.
	Save(ctx context.Context, name string, r Record) error
}

// Guard asks before each signature. It may be used from several goroutines at once.
type Guard struct {
	Store Store
	mu    sync.Mutex
}

// Allow records what is about to be signed, or fails with [ErrSlashable]. What is no vote
// and no block is always allowed. It returns only once the store has the record.
func (g *Guard) Allow(ctx context.Context, key eth2.PublicKey, request eth2.Request, root eth2.Root) error {
	if request.Type != eth2.TypeAttestation && request.Type != eth2.TypeBlock {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock() // of two conflicting requests, one comes after the other
	name := key.String() + "/" + request.ForkInfo.GenesisValidatorsRoot.String()
	before, err := g.Store.Load(ctx, name)
	if err != nil {
		return err
	}
	after, err := before.with(request, root)
	if err != nil || after == before {
		return err
	}
	after.Revision++
	return g.Store.Save(ctx, name, after)
}

// with returns the record after the request. The same once more changes nothing.
func (r Record) with(request eth2.Request, root eth2.Root) (Record, error) {
	if request.Type == eth2.TypeBlock {
		return r.propose(Proposal{request.Block.Header.Slot, root})
	}
	return r.vote(Vote{request.Attestation.Source.Epoch, request.Attestation.Target.Epoch, root})
}

func (r Record) vote(v Vote) (Record, error) {
	last := r.Vote
	switch {
	case v.Source > v.Target:
		return r, fmt.Errorf("%w: the source epoch %d is after the target epoch %d", ErrSlashable, v.Source, v.Target)
	case last == nil:
	case *last == v:
		return r, nil
	case v.Target <= last.Target:
		return r, fmt.Errorf("%w: target epoch %d: has voted for %d", ErrSlashable, v.Target, last.Target)
	case v.Source < last.Source:
		return r, fmt.Errorf("%w: source epoch %d: has voted from %d", ErrSlashable, v.Source, last.Source)
	}
	r.Vote = &v
	return r, nil
}

func (r Record) propose(p Proposal) (Record, error) {
	last := r.Proposal
	switch {
	case last == nil:
	case *last == p:
		return r, nil
	case p.Slot <= last.Slot:
		return r, fmt.Errorf("%w: slot %d: has proposed a block for %d", ErrSlashable, p.Slot, last.Slot)
	}
	r.Proposal = &p
	return r, nil
}
