package podimage

import (
	"encoding/json"
	"strings"
)

// signer is the container image in the enclave, under the names of docker inspect that
// imagebuild and nitro-cli record.
type signer struct {
	ID                    string `json:"Id"`
	RepoTags, RepoDigests []string
}

// signer is empty for an enclave image that was made of a folder, or not by us.
func (in inputs) signer() signer {
	var s signer
	_ = json.Unmarshal(in.metadata.DockerInfo, &s)
	return s
}

// reference is the best name of the signer: with a digest, else its tag.
func (s signer) reference() string {
	for _, list := range [][]string{s.RepoDigests, s.RepoTags} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return ""
}

// sha256 is the digest of the reference, or of the image's configuration.
func (s signer) sha256() string {
	if _, digest, ok := strings.Cut(s.reference(), "@sha256:"); ok {
		return digest
	}
	return strings.TrimPrefix(s.ID, "sha256:")
}
