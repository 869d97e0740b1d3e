package nitrocli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

// target is the enclave that a command is about.
type target struct{ id, name string }

func (t *target) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.id, "enclave-id", "", "the enclave's ID, as describe-enclaves prints it")
	cmd.Flags().StringVar(&t.name, "enclave-name", "", "the enclave's name, which is the pod's")
	cmd.MarkFlagsMutuallyExclusive("enclave-id", "enclave-name")
}

// find returns the enclave of the pod when it is the one that is meant.
func (t *target) find(ctx context.Context, s admin.Supervisor) (*admin.Enclave, error) {
	d, err := s.Describe(ctx)
	switch {
	case err != nil:
		return nil, err
	case d.Enclave == nil:
		return nil, errNoEnclave(d)
	case t.id != "" && t.id != d.Enclave.ID:
		return nil, fmt.Errorf("--enclave-id (%.80q): this pod's enclave is %s", t.id, d.Enclave.ID)
	case t.name != "" && t.name != d.Enclave.Name:
		return nil, fmt.Errorf("--enclave-name (%.80q): this pod's enclave is %s", t.name, d.Enclave.Name)
	}
	return d.Enclave, nil
}

// errNoEnclave says why there is none.
func errNoEnclave(d admin.Description) error {
	if d.Reason != "" {
		return fmt.Errorf("there is no enclave: the supervisor is %s: %s", d.State, d.Reason)
	}
	return errors.New("there is no enclave: the supervisor is " + d.State)
}
