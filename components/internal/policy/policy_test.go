package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNodeTrust(t *testing.T) {
	got, err := NodeTrust().JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Version":"2012-10-17","Statement":[{"Sid":"EKSNodeAssumeRole","Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
