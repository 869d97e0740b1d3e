package podimage

import (
	"debug/elf"
	"errors"
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Pair makes a request for each enclave image, with the supervisor and the init of its
// architecture. The order of the paths makes no difference, and that none is left over is
// a rule. There may be no init.
func Pair(enclaves, supervisors, inits []string) ([]Request, error) {
	supervisorOf, err := byArchitecture("supervisor", supervisors)
	if err != nil {
		return nil, err
	}
	initOf, err := byArchitecture("init", inits)
	if err != nil {
		return nil, err
	}
	var l fault.List
	var requests []Request
	for _, path := range enclaves {
		arch, err := imageArchitecture(path)
		if err != nil {
			return nil, err
		}
		r := Request{EnclaveImage: path, Supervisor: supervisorOf[arch], Init: initOf[arch]}
		if r.Supervisor == "" {
			l.Add("supervisor", nil, fmt.Sprintf("there is none for %s, the architecture of %s", arch, path), "build it with make enclave-supervisor")
		}
		delete(supervisorOf, arch)
		delete(initOf, arch)
		requests = append(requests, r)
	}
	for property, left := range map[string]map[eif.Architecture]string{"supervisor": supervisorOf, "init": initOf} {
		for arch, path := range left {
			l.Add(property, path, fmt.Sprintf("there is no enclave image for %s", arch), "")
		}
	}
	return requests, l.Err()
}

func byArchitecture(property string, paths []string) (map[eif.Architecture]string, error) {
	found := map[eif.Architecture]string{}
	for _, path := range paths {
		arch, err := programArchitecture(path)
		if err != nil {
			return nil, fmt.Errorf("%s (%s): %w", property, path, err)
		}
		if other := found[arch]; other != "" {
			return nil, fault.Fault{Property: property, Value: path, Rule: fmt.Sprintf("is for %s, as %s is", arch, other)}
		}
		found[arch] = path
	}
	return found, nil
}

func programArchitecture(path string) (eif.Architecture, error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	switch f.Machine {
	case elf.EM_X86_64:
		return eif.X8664, nil
	case elf.EM_AARCH64:
		return eif.ARM64, nil
	default:
		return "", fmt.Errorf("is a program for %s, on which no enclave runs", f.Machine)
	}
}

func imageArchitecture(path string) (eif.Architecture, error) {
	im, err := eif.OpenFile(path)
	if err != nil {
		return "", fmt.Errorf("enclave-image: %w", err)
	}
	arch := im.Architecture()
	return arch, errors.Join(im.Close())
}
