// Package service is the test signer's HTTP side: Web3Signer's API for Ethereum's
// consensus layer as far as a validator client uses it, the health routes and metrics of
// the real signer, and what tests ask of it besides.
package service
