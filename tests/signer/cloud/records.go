package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/slashing"
)

// Records keeps what was signed in a table, so that it outlives the enclave.
type Records struct {
	Cloud *Cloud
	Table string
}

var _ slashing.Store = Records{}

// Load implements [slashing.Store].
func (r Records) Load(ctx context.Context, name string) (slashing.Record, error) {
	item, err := r.Cloud.get(ctx, r.Table, name)
	if err != nil || item == nil {
		return slashing.Record{}, err
	}
	text, ok := item["record"].(*types.AttributeValueMemberS)
	if !ok {
		return slashing.Record{}, fmt.Errorf("DynamoDB: an item of table %s has no text %q", r.Table, "record")
	}
	var record slashing.Record
	if err := json.Unmarshal([]byte(text.Value), &record); err != nil {
		return slashing.Record{}, fmt.Errorf("DynamoDB: an item of table %s: %w", r.Table, err)
	}
	return record, nil
}

// Save implements [slashing.Store].
func (r Records) Save(ctx context.Context, name string, record slashing.Record) error {
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	_, err = r.Cloud.dynamoDB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &r.Table,
		Item: map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: name}, "record": &types.AttributeValueMemberS{Value: string(text)},
			"revision": &types.AttributeValueMemberN{Value: strconv.Itoa(record.Revision)},
		},
		ConditionExpression: aws.String("attribute_not_exists(id) OR revision = :before"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":before": &types.AttributeValueMemberN{Value: strconv.Itoa(record.Revision - 1)},
		},
	})
	var lost *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &lost):
		return slashing.ErrConflict
	case err != nil:
		return fmt.Errorf("DynamoDB: %w", err)
	}
	return nil
}
