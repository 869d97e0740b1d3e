package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), ExitInternal},
		{fmt.Errorf("outer: %w", failure(ExitPayload, nil, "x")), ExitPayload},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v is %d, want %d", c.err, got, c.want)
		}
	}
	cause := errors.New("cause")
	if f := failure(ExitLaunch, cause, "a %s", "reason"); f.Error() != "a reason: cause" || !errors.Is(f, cause) {
		t.Errorf("%v", f)
	}
}

// TestBootTimeoutRule has nitro-cli's figures.
func TestBootTimeoutRule(t *testing.T) {
	for _, c := range []struct {
		image  int64
		memory int
		want   time.Duration
	}{
		{0, 512, 180 * time.Second},
		{6 << 30, 100 << 10, 180 * time.Second},
		{6<<30 + 1, 100<<10 + 1, 360 * time.Second},
	} {
		if got := BootTimeout(c.image, c.memory); got != c.want {
			t.Errorf("%d bytes, %d MiB: %s, want %s", c.image, c.memory, got, c.want)
		}
	}
}

func TestPatience(t *testing.T) {
	for _, c := range []struct{ drain, want time.Duration }{
		{25 * time.Second, time.Second},
		{28 * time.Second, 3 * time.Second},
		{30 * time.Second, 5 * time.Second},
		{time.Hour, 5 * time.Second},
	} {
		if got := patience(c.drain, 5*time.Second); got != c.want {
			t.Errorf("a drain of %s: %s, want %s", c.drain, got, c.want)
		}
	}
}

// TestFitsTheGracePeriod: kubelet kills what takes longer.
func TestFitsTheGracePeriod(t *testing.T) {
	d := DefaultTiming()
	if d.Endpoints != contract.EndpointSeconds*time.Second {
		t.Errorf("endpoints get %s", d.Endpoints)
	}
	// After the drain: the payload's last second, its last words twice, the enclave.
	if after := lateGrace + 2*d.LastWords + d.Terminate + d.Call/2; after > contract.TerminateSeconds*time.Second {
		t.Errorf("the end takes up to %s after the drain", after)
	}
}

func TestToken(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		b := control.Bootstrap{Token: newToken(), Time: time.Now()}
		if err := b.Validate(); err != nil {
			t.Fatal(err)
		}
		seen[b.Token] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d different ones of 100", len(seen))
	}
}

func TestReadConfig(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large")
	if err := os.WriteFile(large, make([]byte, control.MaxFileBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{large, folder, filepath.Join(folder, "none")} {
		if _, err := readConfig(path); err == nil {
			t.Errorf("%s was read", path)
		}
	}
	if err := os.Truncate(large, control.MaxFileBytes); err != nil {
		t.Fatal(err)
	}
	if got, err := readConfig(large); err != nil || len(got) != control.MaxFileBytes {
		t.Errorf("%d bytes: %v", len(got), err)
	}
}

func TestReadMeasurements(t *testing.T) {
	inner := fmt.Sprintf(`{"PCR0":"%[1]s","PCR1":"%[1]s","PCR2":"%[1]s","PCR8":"%[1]s"}`, strings.Repeat("ab", 48))
	path := filepath.Join(t.TempDir(), "measurements.json")
	if m, err := readMeasurements(path); m != nil || err != nil {
		t.Errorf("no file: %v, %v", m, err)
	}
	for text, ok := range map[string]bool{inner: true, `{"Measurements":` + inner + `}`: true, `{}`: false, `x`: false, `{"Measurements":{"PCR0":"ab"}}`: false} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := readMeasurements(path)
		if (err == nil) != ok {
			t.Errorf("%.40s: %v", text, err)
		}
		if ok && len(differences(*m, map[string]string{"0": strings.Repeat("ab", 48)})) != 3 {
			t.Errorf("%.40s: differences %v", text, differences(*m, nil))
		}
	}
}

func TestMeasurementsOf(t *testing.T) {
	for image, want := range map[string]string{
		contract.EnclaveImagePath: contract.MeasurementsPath,
		"/images/signer.eif":      "/images/signer.measurements.json",
	} {
		if got := measurementsOf(image); got != want {
			t.Errorf("%s has %s, want %s", image, got, want)
		}
	}
}
