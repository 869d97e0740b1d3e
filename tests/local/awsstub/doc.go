// Package awsstub stands in for the AWS services that a signer in an enclave calls: KMS,
// DynamoDB and STS behind TLS under their real names, and the agent of EKS Pod Identity.
// It is a test fixture. It answers the calls of tests/signer in the shape of AWS's, and
// refuses every other.
//
// What it checks is what a test can get wrong: names by SNI, the credentials that it gave
// out itself, service and region of a signature, tokens, attestation documents. What it
// does not check are the signatures of requests.
package awsstub
