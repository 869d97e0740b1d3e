package cloud

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/cms"
)

// keySize is that of the master key, for AES-256.
const keySize = 32

// canary is what the state table has, encrypted with the master key.
const canary = "containment-chamber test signer"

// Unseal has KMS decrypt the master key, and tries it on what the state table has. The
// first signer on a table leaves there what later ones try.
func (c *Cloud) Unseal(ctx context.Context) error {
	master, err := c.decrypt(ctx)
	if err != nil {
		return err
	}
	if len(master) != keySize {
		return fmt.Errorf("the master key has %d bytes, not %d", len(master), keySize)
	}
	block, err := aes.NewCipher(master)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return err
	}
	sealed, err := c.state(ctx, aead)
	if err != nil {
		return err
	}
	text, err := aead.Open(nil, nil, sealed, nil)
	if err != nil || string(text) != canary {
		return fmt.Errorf("the master key is not that of table %s", c.options.StateTable)
	}
	c.options.Log.Info("unsealed", "attested", c.options.NSM != nil)
	return nil
}

// decrypt asks KMS for the master key, with an attestation document where there is an
// NSM: then only this process can read the answer.
func (c *Cloud) decrypt(ctx context.Context) ([]byte, error) {
	in := &kms.DecryptInput{CiphertextBlob: c.options.Ciphertext}
	var key *rsa.PrivateKey
	if c.options.NSM != nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, err
		}
		if in.Recipient, err = c.recipient(key); err != nil {
			return nil, err
		}
	}
	out, err := c.kms.Decrypt(ctx, in)
	switch {
	case err != nil:
		return nil, fmt.Errorf("KMS: %w", err)
	case key == nil:
		return out.Plaintext, nil
	case len(out.Plaintext) > 0:
		return nil, errors.New("KMS has answered with a plaintext, though it was given a recipient")
	}
	return cms.Open(out.CiphertextForRecipient, key)
}

func (c *Cloud) recipient(key *rsa.PrivateKey) (*kmstypes.RecipientInfo, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	document, err := c.options.NSM.Attestation(attest.AttestationRequest{PublicKey: public})
	if err != nil {
		return nil, err
	}
	return &kmstypes.RecipientInfo{
		AttestationDocument: document, KeyEncryptionAlgorithm: kmstypes.KeyEncryptionMechanismRsaesOaepSha256,
	}, nil
}

// stateID is the item of the state table that has the canary.
const stateID = "seal"

// state reads the canary, after writing it where there is none. Of two that write at
// once, one wins, and both read what it wrote.
func (c *Cloud) state(ctx context.Context, aead cipher.AEAD) ([]byte, error) {
	sealed, err := c.readState(ctx)
	if err != nil || sealed != nil {
		return sealed, err
	}
	_, err = c.dynamoDB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &c.options.StateTable, ConditionExpression: aws.String("attribute_not_exists(id)"),
		Item: map[string]types.AttributeValue{
			"id":     &types.AttributeValueMemberS{Value: stateID},
			"sealed": &types.AttributeValueMemberB{Value: aead.Seal(nil, nil, []byte(canary), nil)},
		},
	})
	var lost *types.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &lost) {
		return nil, fmt.Errorf("DynamoDB: %w", err)
	}
	return c.readState(ctx)
}

// readState returns nil where there is no item.
func (c *Cloud) readState(ctx context.Context) ([]byte, error) {
	item, err := c.get(ctx, c.options.StateTable, stateID)
	if err != nil || item == nil {
		return nil, err
	}
	sealed, ok := item["sealed"].(*types.AttributeValueMemberB)
	if !ok {
		return nil, fmt.Errorf("DynamoDB: item %q of table %s has no bytes %q", stateID, c.options.StateTable, "sealed")
	}
	return sealed.Value, nil
}

func (c *Cloud) get(ctx context.Context, table, id string) (map[string]types.AttributeValue, error) {
	out, err := c.dynamoDB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &table, ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}},
	})
	if err != nil {
		return nil, fmt.Errorf("DynamoDB: %w", err)
	}
	return out.Item, nil
}
