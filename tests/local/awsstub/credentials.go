package awsstub

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"strings"
	"time"
)

// accountID is that of AWS's examples.
const accountID = "123456789012"

// credentials are what STS and the agent give out.
type credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expiration                                 time.Time
}

// AccessKeyID is the access key that a service account token is exchanged for: a test
// sees by it which token a signer has used.
func AccessKeyID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "ASIA" + base32.StdEncoding.EncodeToString(sum[:])[:16]
}

// exchange gives out credentials for a token.
func (s *Stub) exchange(token string) credentials {
	c := credentials{
		AccessKeyID: AccessKeyID(token), SecretAccessKey: hex.EncodeToString(random(20)), SessionToken: hex.EncodeToString(random(32)),
		Expiration: time.Now().Add(s.options.Lifetime).UTC().Truncate(time.Second),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued[c.SessionToken] = c.AccessKeyID
	s.tokens = append(s.tokens, token)
	s.secrets = append(s.secrets, c.SecretAccessKey, c.SessionToken)
	return c
}

// authenticate returns the access key of a signed request.
func (s *Stub) authenticate(r *http.Request, service string) (string, error) {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	scope, _, _ := strings.Cut(fields, ",")
	parts := strings.Split(scope, "/")
	if !ok || len(parts) != 5 {
		return "", refusal("MissingAuthenticationTokenException", "the request is not signed")
	}
	if parts[2] != s.options.Region || parts[3] != service {
		return parts[0], refusal("InvalidSignatureException", "it is signed for %s in %s", parts[3], parts[2])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if key, ok := s.issued[r.Header.Get("X-Amz-Security-Token")]; !ok || key != parts[0] {
		return parts[0], refusal("UnrecognizedClientException", "the security token included in the request is invalid")
	}
	return parts[0], nil
}

// podIdentity answers as the agent: the token is the whole of the header.
func (s *Stub) podIdentity(w http.ResponseWriter, r *http.Request) {
	record := Request{Service: "pod-identity", Action: "GetCredentials", Status: http.StatusOK}
	token := r.Header.Get("Authorization")
	switch {
	case r.URL.Path != "/v1/credentials" || r.Method != http.MethodGet:
		record.Status = http.StatusNotFound
	case token == "":
		record.Status = http.StatusBadRequest
	}
	if record.Status != http.StatusOK {
		s.record(record)
		http.Error(w, http.StatusText(record.Status), record.Status)
		return
	}
	c := s.exchange(token)
	s.record(record)
	writeJSON(w, http.StatusOK, map[string]string{
		"AccessKeyId": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey, "Token": c.SessionToken,
		"AccountId": accountID, "Expiration": c.Expiration.Format(time.RFC3339),
	})
}

// assumed is the answer of AssumeRoleWithWebIdentity.
type assumed struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
	Result  struct {
		Role struct {
			Arn           string
			AssumedRoleID string `xml:"AssumedRoleId"`
		} `xml:"AssumedRoleUser"`
		Credentials struct {
			AccessKeyID     string `xml:"AccessKeyId"`
			SecretAccessKey string
			SessionToken    string
			Expiration      string
		}
	} `xml:"AssumeRoleWithWebIdentityResult"`
}

// sts answers AssumeRoleWithWebIdentity, which needs no signature.
func (s *Stub) sts(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	record := Request{Service: "sts", Action: r.FormValue("Action"), Status: http.StatusOK}
	token, role := r.FormValue("WebIdentityToken"), r.FormValue("RoleArn")
	switch {
	case record.Action != "AssumeRoleWithWebIdentity":
		record.Code = "InvalidAction"
	case !strings.HasPrefix(role, "arn:aws:iam::") || r.FormValue("RoleSessionName") == "":
		record.Code = "ValidationError"
	case token == "":
		record.Code = "InvalidIdentityToken"
	}
	if record.Code != "" {
		record.Status = http.StatusBadRequest
		s.record(record)
		writeXML(w, record.Status, stsError{Code: record.Code, Message: "refused"})
		return
	}
	c := s.exchange(token)
	var answer assumed
	answer.Result.Role.Arn = "arn:aws:sts::" + accountID + ":assumed-role/signer/" + r.FormValue("RoleSessionName")
	answer.Result.Role.AssumedRoleID = "AROAEXAMPLE:" + r.FormValue("RoleSessionName")
	answer.Result.Credentials.AccessKeyID, answer.Result.Credentials.SecretAccessKey = c.AccessKeyID, c.SecretAccessKey
	answer.Result.Credentials.SessionToken, answer.Result.Credentials.Expiration = c.SessionToken, c.Expiration.Format(time.RFC3339)
	s.record(record)
	writeXML(w, http.StatusOK, answer)
}

type stsError struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
}

func writeXML(w http.ResponseWriter, status int, value any) {
	body, err := xml.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
