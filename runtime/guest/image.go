package guest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/policy"
)

// readImage reads what the image says of its payload and its host, before the root is
// switched. An image without a policy has policy.Default.
func readImage(root string) (launch.Spec, policy.Policy, error) {
	var data [4][]byte
	for i, name := range []string{contract.GuestCommandPath, contract.GuestEnvPath, contract.GuestSettingsPath, contract.GuestPolicyPath} {
		var err error
		if data[i], err = readBounded(filepath.Join(root, name)); err != nil {
			return launch.Spec{}, policy.Policy{}, fmt.Errorf("reading the image: %w", err)
		}
	}
	spec, err := launch.Parse(data[0], data[1], data[2])
	if err != nil {
		return launch.Spec{}, policy.Policy{}, fmt.Errorf("reading the image: %w", err)
	}
	allowed := policy.Default()
	if data[3] != nil {
		if allowed, err = policy.Parse(data[3]); err != nil {
			return launch.Spec{}, policy.Policy{}, fmt.Errorf("%s: %w", contract.GuestPolicyPath, err)
		}
	}
	return spec, allowed, nil
}

// readBounded returns nil for a file that is not there. What is over the bound comes
// back one byte too long, and its parser refuses it.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, launch.MaxBytes+1))
	if data == nil {
		data = []byte{}
	}
	return data, err
}
