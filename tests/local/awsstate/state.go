package awsstate

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
)

const (
	// DirEnv names the environment variable that holds the stack's directory.
	DirEnv = "LOCAL_STACK_DIR"
	// FileName is the account's file in the stack's directory.
	FileName = "aws.json"
	// Redacted stands where the account holds a secret that AWS never gives back.
	Redacted = "[redacted]"
)

// Path is the account's file of the stack in dir.
func Path(dir string) string { return filepath.Join(dir, FileName) }

// State is everything in the account.
type State struct {
	// Resources are the resources of all programs, under Key(type, id).
	Resources map[string]Resource `json:"resources"`
	// Clusters are the clusters that exist outside of any program, by name. A
	// cluster that a program creates is a resource; it answers with the API
	// server of the first of these.
	Clusters map[string]Cluster `json:"clusters"`
}

// Resource is one resource as the account knows it. Numbers are float64, as
// everywhere in decoded JSON.
type Resource struct {
	URN     string         `json:"urn"`
	Type    string         `json:"type"` // Pulumi's token, aws:ec2/launchTemplate:LaunchTemplate
	ID      string         `json:"id"`
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
	// Versions are the inputs of every version of a launch template, the first at 0.
	Versions []map[string]any `json:"versions,omitempty"`
}

// Cluster is where an EKS cluster's API server answers.
type Cluster struct {
	Name                 string `json:"name"`
	Endpoint             string `json:"endpoint"`
	CertificateAuthority string `json:"certificateAuthority"` // base64 of the PEM, as EKS returns it
	Kubeconfig           string `json:"kubeconfig"`           // the file's content
}

// Key is the key of a resource: a type and the id that is unique within it. The
// URN would not do, because the old and the new resource of a replacement share it.
func Key(typ, id string) string { return typ + "::" + id }

// Get is the resource of a type with an id.
func (s *State) Get(typ, id string) (Resource, bool) {
	r, ok := s.Resources[Key(typ, id)]
	return r, ok
}

// Put adds or overwrites a resource.
func (s *State) Put(r Resource) { s.Resources[Key(r.Type, r.ID)] = r }

// Delete removes a resource; one that is gone already is no error.
func (s *State) Delete(typ, id string) { delete(s.Resources, Key(typ, id)) }

// APIServer is the cluster whose API server stands in for all clusters: the
// first by name.
func (s *State) APIServer() (Cluster, bool) {
	if len(s.Clusters) == 0 {
		return Cluster{}, false
	}
	return s.Clusters[slices.Min(slices.Collect(maps.Keys(s.Clusters)))], true
}

// OfType are the resources of a type, ordered by id.
func (s *State) OfType(typ string) []Resource {
	var out []Resource
	for r := range maps.Values(s.Resources) {
		if r.Type == typ {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Resource) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (s *State) init() *State {
	if s.Resources == nil {
		s.Resources = map[string]Resource{}
	}
	if s.Clusters == nil {
		s.Clusters = map[string]Cluster{}
	}
	return s
}
