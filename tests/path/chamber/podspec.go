package chamber

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// Region is the chamber's, as it is registered.
const Region = "eu-central-1"

// podFields are what Kubernetes fills in.
var podFields = map[string]string{"metadata.name": PodName, "metadata.namespace": "signers", "spec.nodeName": "node-1"}

// PodName is the pod's name.
const PodName = "chamber-0"

// registered is the part of the chamber's pod that a container sees.
type registered struct {
	SecurityContext struct {
		RunAsUser, RunAsGroup, FSGroup int
		SupplementalGroups             []int
	}
	Volumes []struct {
		Name     string
		EmptyDir *struct{ SizeLimit string }
	}
	Containers []struct {
		Env []struct {
			Name, Value string
			ValueFrom   struct{ FieldRef struct{ FieldPath string } }
		}
		VolumeMounts []struct{ Name, MountPath string }
		Lifecycle    struct {
			PreStop struct{ Exec struct{ Command []string } }
		}
	}
}

// readPod reads the pod that ContainmentChamber registers from its golden file, which a
// test of the components compares with what the code makes.
func readPod() (registered, error) {
	root, err := tools.ModuleRoot()
	if err != nil {
		return registered{}, err
	}
	data, err := os.ReadFile(filepath.Join(root, "..", "components", "testdata", "chamber-full.json"))
	if err != nil {
		return registered{}, err
	}
	var all []struct {
		Type   string
		Inputs json.RawMessage
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return registered{}, err
	}
	for _, r := range all {
		if r.Type != "kubernetes:apps/v1:Deployment" {
			continue
		}
		var d struct {
			Spec struct{ Template struct{ Spec registered } }
		}
		err := json.Unmarshal(r.Inputs, &d)
		if err == nil && len(d.Spec.Template.Spec.Containers) != 1 {
			err = errors.New("the pod has more containers than one, or none")
		}
		return d.Spec.Template.Spec, err
	}
	return registered{}, errors.New("no Deployment is registered")
}

// environment is what kubelet makes of the pod's variables.
func (r registered) environment() []string {
	var environment []string
	for _, variable := range r.Containers[0].Env {
		value := variable.Value
		if field := variable.ValueFrom.FieldRef.FieldPath; field != "" {
			value = podFields[field]
		}
		environment = append(environment, variable.Name+"="+value)
	}
	return environment
}

// scratch returns the mounts of emptyDirs, by their path, with their size in bytes.
func (r registered) scratch() (map[string]int64, error) {
	sizes := map[string]int64{}
	for _, m := range r.Containers[0].VolumeMounts {
		i := slices.IndexFunc(r.Volumes, func(v struct {
			Name     string
			EmptyDir *struct{ SizeLimit string }
		}) bool {
			return v.Name == m.Name
		})
		if i < 0 {
			return nil, fmt.Errorf("the pod has no volume %q", m.Name)
		}
		if r.Volumes[i].EmptyDir == nil {
			continue
		}
		var mib int64
		if _, err := fmt.Sscanf(strings.ToLower(r.Volumes[i].EmptyDir.SizeLimit), "%dmi", &mib); err != nil {
			return nil, fmt.Errorf("the size of volume %q: %w", m.Name, err)
		}
		sizes[m.MountPath] = mib << 20
	}
	return sizes, nil
}
