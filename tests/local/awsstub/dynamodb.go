package awsstub

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
)

// attributes are an item, or a part of one, in DynamoDB's JSON: {"S": "text"}.
type attributes map[string]json.RawMessage

// itemInput has what of GetItem, PutItem and UpdateItem the fixture uses.
type itemInput struct {
	TableName                 string
	Key, Item                 attributes
	ConditionExpression       string
	UpdateExpression          string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attributes
}

// CreateTable makes an empty table, whose partition key is called "id" and a string.
func (s *Stub) CreateTable(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[name] = map[string]attributes{}
}

// keyName is the partition key of all tables.
const keyName = "id"

func (s *Stub) dynamoDB(w http.ResponseWriter, r *http.Request) {
	s.jsonCall(w, r, "dynamodb", "DynamoDB_20120810", func(c *call) (any, error) {
		var in itemInput
		if err := c.read(&in); err != nil {
			return nil, err
		}
		return s.item(c.action, in)
	})
}

// item carries out one call, alone.
func (s *Stub) item(action string, in itemInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	table := s.tables[in.TableName]
	if table == nil {
		return nil, refusal("ResourceNotFoundException", "there is no table %q", in.TableName)
	}
	key := string(in.Key[keyName])
	if action == "PutItem" {
		key = string(in.Item[keyName])
	}
	if !strings.HasPrefix(key, `{"S":"`) {
		return nil, refusal("ValidationException", "the key %q is missing, or no string", keyName)
	}
	if action == "GetItem" {
		if table[key] == nil {
			return struct{}{}, nil
		}
		return map[string]any{"Item": table[key]}, nil
	}
	met, err := in.condition(table[key])
	switch {
	case err != nil:
		return nil, err
	case !met:
		return nil, refusal("ConditionalCheckFailedException", "the conditional request failed")
	}
	switch action {
	case "PutItem":
		table[key] = in.Item
	case "UpdateItem":
		if table[key], err = in.update(table[key]); err != nil {
			return nil, err
		}
	default:
		return nil, refusal("UnknownOperationException", "%s", action)
	}
	return struct{}{}, nil
}

// condition evaluates "attribute_not_exists(name)" and "name = :value", and several of
// them joined by OR.
func (in itemInput) condition(item attributes) (bool, error) {
	if in.ConditionExpression == "" {
		return true, nil
	}
	met := false
	for term := range strings.SplitSeq(in.ConditionExpression, " OR ") {
		term = strings.TrimSpace(strings.Trim(strings.TrimSpace(term), "()"))
		name, absent := strings.CutPrefix(term, "attribute_not_exists")
		if absent {
			met = met || item[in.name(strings.Trim(name, " ()"))] == nil
			continue
		}
		left, right, equal := strings.Cut(term, "=")
		value, err := in.value(right)
		if !equal || err != nil || strings.ContainsAny(left, "<>()") {
			return false, refusal("ValidationException", "this stand-in does not know the condition %q", term)
		}
		met = met || string(item[in.name(left)]) == string(value)
	}
	return met, nil
}

// update evaluates "SET name = :value, …".
func (in itemInput) update(item attributes) (attributes, error) {
	assignments, ok := strings.CutPrefix(strings.TrimSpace(in.UpdateExpression), "SET ")
	if !ok {
		return nil, refusal("ValidationException", "this stand-in does not know the update %q", in.UpdateExpression)
	}
	changed := maps.Clone(in.Key)
	maps.Copy(changed, item)
	for assignment := range strings.SplitSeq(assignments, ",") {
		left, right, _ := strings.Cut(assignment, "=")
		value, err := in.value(right)
		if err != nil {
			return nil, err
		}
		changed[in.name(left)] = value
	}
	return changed, nil
}

// name resolves "#alias".
func (in itemInput) name(text string) string {
	text = strings.TrimSpace(text)
	if long, ok := in.ExpressionAttributeNames[text]; ok {
		return long
	}
	return text
}

func (in itemInput) value(text string) (json.RawMessage, error) {
	text = strings.TrimSpace(text)
	value, ok := in.ExpressionAttributeValues[text]
	if !ok {
		return nil, refusal("ValidationException", "there is no value %q", text)
	}
	return value, nil
}
