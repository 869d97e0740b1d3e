package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// firstStatus is the first that has more than the state.
func (x *session) firstStatus(ctx context.Context) (control.Status, error) {
	status, err := x.ask(ctx)
	if err != nil {
		return status, failure(ExitBootstrap, err, "the enclave does not answer after its bootstrap")
	}
	x.heard(status)
	return status, nil
}

// checkIdentity compares what the security module says with what the image was measured
// to be. In debug mode all is zero, so that there is nothing to compare.
func (x *session) checkIdentity(status control.Status) error {
	if x.Config.Enclave.Debug {
		x.Log.Warn("debug mode: the enclave's measurements are not checked", "pcrs", status.PCRs)
		return nil
	}
	if status.Debug {
		return failure(ExitIntrusion, nil, "the enclave is in debug mode, or has no security module, and was not started so: whoever did can read its memory")
	}
	want, err := readMeasurements(x.Measurements)
	if err != nil {
		return failure(ExitConfig, err, "the image's measurements cannot be read")
	}
	if want == nil {
		x.Log.Info("measured, and nothing to compare with", "pcrs", status.PCRs, "file", x.Measurements)
		return nil
	}
	if different := differences(*want, status.PCRs); len(different) > 0 {
		return failure(ExitIntrusion, nil, "the enclave is not the one that was measured: %s; the image and %s must come from one build", strings.Join(different, ", "), x.Measurements)
	}
	x.Log.Info("measured as expected", "pcrs", status.PCRs)
	return nil
}

// differences lists the registers that are not as measured. PCR8 counts when the image
// is signed.
func differences(want eif.Measurements, got map[string]string) []string {
	var different []string
	compare := func(index string, digest eif.Digest) {
		if got[index] != digest.String() {
			different = append(different, fmt.Sprintf("PCR%s is %q and not %s", index, got[index], digest))
		}
	}
	compare("0", want.PCR0)
	compare("1", want.PCR1)
	compare("2", want.PCR2)
	if want.PCR8 != nil {
		compare("8", *want.PCR8)
	}
	return different
}

// readMeasurements reads what `chamber eif build` or nitro-cli wrote, with or without its
// outer object; nil when there is no file.
func readMeasurements(path string) (*eif.Measurements, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // as said
	}
	if err != nil {
		return nil, err
	}
	outer := struct{ Measurements json.RawMessage }{}
	if err := json.Unmarshal(data, &outer); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if outer.Measurements != nil {
		data = outer.Measurements
	}
	var m eif.Measurements
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return &m, nil
}
