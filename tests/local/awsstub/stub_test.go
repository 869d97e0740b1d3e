package awsstub

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// start returns a stand-in and a client that reaches it under any name.
func start(t *testing.T) (*Stub, *http.Client) {
	t.Helper()
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA())
	return s, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: s.Host("kms")}, DisableKeepAlives: true}}
}

// ask makes a call to KMS and returns the status and what the answer says it is.
func ask(t *testing.T, s *Stub, c *http.Client, host string, header map[string]string, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "https://"+s.Address()+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Type string `json:"__type"`
	}
	_ = json.Unmarshal(answer, &said)
	return response.StatusCode, said.Type
}

func signed(key, region, service, token string) map[string]string {
	return map[string]string{
		"X-Amz-Target": "TrentService.Decrypt", "X-Amz-Security-Token": token,
		"Authorization": "AWS4-HMAC-SHA256 Credential=" + key + "/20261101/" + region + "/" + service + "/aws4_request, SignedHeaders=host, Signature=00",
	}
}

func TestRefusals(t *testing.T) {
	s, c := start(t)
	good := s.exchange("token")
	if secrets := s.Secrets(); !slices.Equal(secrets, []string{good.SecretAccessKey, good.SessionToken}) {
		t.Errorf("the secrets are %q", secrets)
	}
	kms := s.Host("kms")
	for _, tc := range []struct {
		name, host, body string
		header           map[string]string
		status           int
		code             string
	}{
		{"unsigned", kms, `{}`, map[string]string{"X-Amz-Target": "TrentService.Decrypt"}, 400, "MissingAuthenticationTokenException"},
		{"another service", kms, `{}`, signed(good.AccessKeyID, "us-east-1", "dynamodb", good.SessionToken), 400, "InvalidSignatureException"},
		{"another region", kms, `{}`, signed(good.AccessKeyID, "eu-west-1", "kms", good.SessionToken), 400, "InvalidSignatureException"},
		{"another session", kms, `{}`, signed(good.AccessKeyID, "us-east-1", "kms", "x"), 400, "UnrecognizedClientException"},
		{"another key", kms, `{}`, signed("ASIAX", "us-east-1", "kms", good.SessionToken), 400, "UnrecognizedClientException"},
		{"no session", kms, `{}`, signed("", "us-east-1", "kms", ""), 400, "UnrecognizedClientException"},
		{"no JSON", kms, `{`, signed(good.AccessKeyID, "us-east-1", "kms", good.SessionToken), 400, "SerializationException"},
		{"an unknown ciphertext", kms, `{"CiphertextBlob":"AAAA"}`, signed(good.AccessKeyID, "us-east-1", "kms", good.SessionToken), 400, "InvalidCiphertextException"},
		{"another call", kms, `{}`, map[string]string{"X-Amz-Target": "DynamoDB_20120810.GetItem"}, 400, "UnknownOperationException"},
		{"another name than that of the handshake", s.Host("dynamodb"), `{}`, nil, http.StatusMisdirectedRequest, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, code := ask(t, s, c, tc.host, tc.header, tc.body)
			if status != tc.status || code != tc.code {
				t.Errorf("%d %s, want %d %s", status, code, tc.status, tc.code)
			}
		})
	}
	if got := s.Connections(); got[kms] != 10 {
		t.Errorf("connections: %v", got)
	}
}

func TestHandshakeOfAnotherName(t *testing.T) {
	s, c := start(t)
	c.Transport.(*http.Transport).TLSClientConfig.ServerName = "s3.us-east-1.amazonaws.com"
	response, err := c.Get("https://" + s.Address() + "/")
	if err == nil {
		_ = response.Body.Close()
		t.Error("it was answered")
	}
	if got := s.Connections()["s3.us-east-1.amazonaws.com"]; got != 1 {
		t.Errorf("connections: %v", s.Connections())
	}
}

func TestPlaintextWithoutRecipient(t *testing.T) {
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ciphertext := s.Encrypt([]byte("secret"))
	out, err := s.decrypt(decryptInput{CiphertextBlob: ciphertext}, &Request{})
	if err != nil || !bytes.Equal(out.(decryptOutput).Plaintext, []byte("secret")) {
		t.Errorf("%+v (%v)", out, err)
	}
	s.options.OnlyAttested = true
	if _, err := s.decrypt(decryptInput{CiphertextBlob: ciphertext}, &Request{}); err == nil {
		t.Error("it was decrypted for anybody")
	}
}

func TestItems(t *testing.T) {
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	s.CreateTable("t")
	text := func(v string) json.RawMessage { return json.RawMessage(`{"S":"` + v + `"}`) }
	key := attributes{"id": text("a")}
	put := func(v, condition string) itemInput {
		return itemInput{
			TableName: "t", Item: attributes{"id": text("a"), "v": text(v)}, ConditionExpression: condition,
			ExpressionAttributeNames: map[string]string{"#v": "v"}, ExpressionAttributeValues: attributes{":before": text("1"), ":new": text("3")},
		}
	}
	update := put("", "#v = :before")
	update.Key, update.UpdateExpression = key, "SET #v = :new"
	for _, step := range []struct {
		name, action string
		in           itemInput
		want         string
	}{
		{"read nothing", "GetItem", itemInput{TableName: "t", Key: key}, ""},
		{"write", "PutItem", put("1", "attribute_not_exists(id)"), ""},
		{"write again", "PutItem", put("2", "attribute_not_exists(id)"), "ConditionalCheckFailedException"},
		{"either", "PutItem", put("1", "attribute_not_exists(id) OR #v = :before"), ""},
		{"update", "UpdateItem", update, ""},
		{"update again", "UpdateItem", update, "ConditionalCheckFailedException"},
		{"another condition", "PutItem", put("2", "size(v) > :before"), "ValidationException"},
		{"another table", "GetItem", itemInput{TableName: "u", Key: key}, "ResourceNotFoundException"},
		{"no key", "GetItem", itemInput{TableName: "t"}, "ValidationException"},
		{"another call", "DeleteItem", itemInput{TableName: "t", Key: key}, "UnknownOperationException"},
	} {
		_, err := s.item(step.action, step.in)
		var refused awsError
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		if refused.code != step.want {
			t.Errorf("%s: %q, want %q", step.name, refused.code, step.want)
		}
	}
	got, err := s.item("GetItem", itemInput{TableName: "t", Key: key})
	if diff := cmp.Diff(map[string]any{"Item": attributes{"id": text("a"), "v": text("3")}}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestAgentNeedsAToken(t *testing.T) {
	s, _ := start(t)
	for path, want := range map[string]int{"/v1/credentials": http.StatusBadRequest, "/other": http.StatusNotFound} {
		response, err := http.Get("http://" + s.AgentAddress() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if len(s.Tokens()) != 0 {
		t.Errorf("tokens: %q", s.Tokens())
	}
}
