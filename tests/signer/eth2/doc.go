// Package eth2 reads requests of Web3Signer's API for Ethereum's consensus layer, and
// computes what they ask to have signed: the SSZ hash tree roots of the small duty
// objects, and the signing roots in their domains.
//
// The rules are those of ethereum/consensus-specs: ssz/simple-serialize.md and
// ssz/merkle-proofs.md for roots, specs/*/beacon-chain.md for types and domains. Objects
// with lists in them, which are blocks with their bodies and aggregates, are left out.
package eth2
