package path

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli/shape"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
)

const (
	// maxBinary and maxIdle are what the supervisor may take of an image and of a node.
	maxBinary = 12_000_000
	maxIdle   = 25_000_000
	// settling is how long it has nothing to do before it is measured.
	settling = 3 * time.Second
)

// testContainer: the supervisor has what a pod has, and needs no more.
func (r *running) testContainer(t *testing.T) {
	status := statusOf(t, r.PID)
	const none = "0000000000000000"
	want := map[string]string{
		"Uid": "65532 65532 65532 65532", "Gid": "65532 65532 65532 65532", "Groups": "64990 65532", "NoNewPrivs": "1",
		"CapInh": none, "CapPrm": none, "CapEff": none, "CapBnd": none, "CapAmb": none,
	}
	got := map[string]string{}
	for name := range want {
		got[name] = status[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the process (-want +got):\n%s", diff)
	}
	if pids := strings.Fields(status["NSpid"]); pids[len(pids)-1] != "1" {
		t.Errorf("it is process %q, and not the first", status["NSpid"])
	}
	for _, path := range []string{"/written", "/dev/written", contract.ConfigDir + "/written"} {
		if err := os.WriteFile(filepath.Join("/proc", strconv.Itoa(r.PID), "root", path), nil, 0o600); !errors.Is(err, syscall.EROFS) {
			t.Errorf("writing %s: %v", path, err)
		}
	}
	r.testSize(t)
}

func (r *running) testSize(t *testing.T) {
	t.Helper()
	info, err := os.Stat(shared.built.Supervisor)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(settling)
	fields := strings.Fields(statusOf(t, r.PID)["VmRSS"])
	resident, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the binary has %.1f MB, the idle process %.1f MB", float64(info.Size())/1e6, float64(resident<<10)/1e6)
	if info.Size() >= maxBinary || resident<<10 >= maxIdle {
		t.Errorf("that is more than %.0f MB and %.0f MB", maxBinary/1e6, maxIdle/1e6)
	}
}

// statusOf reads /proc/<pid>/status.
func statusOf(t *testing.T, pid int) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	status := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(line, ":")
		status[name] = strings.Join(strings.Fields(value), " ")
	}
	return status
}

// testMeasurements: what the security module reports is what the image was measured to be,
// with its signature.
func (r *running) testMeasurements(t *testing.T) {
	m := shared.built.Measurements
	if m.PCR8 == nil {
		t.Fatal("the image is not signed")
	}
	for _, line := range r.lines(t) {
		if line.Msg != "measured as expected" {
			continue
		}
		want := map[string]string{"0": m.PCR0.String(), "1": m.PCR1.String(), "2": m.PCR2.String(), "8": m.PCR8.String()}
		for index, value := range want {
			if line.PCRs[index] != value {
				t.Errorf("PCR%s is %s, want %s", index, line.PCRs[index], value)
			}
		}
		return
	}
	t.Error("the log has no measurements")
}

// testNitroCLI asks in the container as scripts do that know nothing of us.
func (r *running) testNitroCLI(t *testing.T) {
	out, err := r.Exec(t.Context(), contract.NitroCLIPath, "describe-enclaves")
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	var got []shape.Enclave
	if err := decoder.Decode(&got); err != nil || len(got) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasPrefix(got[0].EnclaveID, qemu.DefaultParentID+"-enc") {
		t.Errorf("EnclaveID %q", got[0].EnclaveID)
	}
	want := shape.Enclave{
		EnclaveName: chamber.PodName, EnclaveID: got[0].EnclaveID, ProcessID: 1, EnclaveCID: qemu.CID, NumberOfCPUs: 2, CPUIDs: []int{},
		MemoryMiB: 1024, State: "RUNNING", Flags: shape.FlagsNone, Measurements: &shared.built.Measurements, ImageName: "signer", ImageVersion: "1",
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("describe-enclaves (-want +got):\n%s", diff)
	}
	if out, err := r.Exec(t.Context(), contract.NitroCLIPath, "console", "--enclave-id", got[0].EnclaveID); err == nil {
		t.Errorf("the console of an enclave that is not in debug mode can be read: %s", out)
	}
}

// line is one of the pod's log.
type line struct {
	Msg, Source, Stream, Level string
	PCRs                       map[string]string
	Cut                        *int
	Dropped                    uint64
	Entry                      struct {
		Msg string
		ID  string
	}
	text string
}

// lines are those of the log, each of which must be a JSON object.
func (r *running) lines(t *testing.T) []line {
	t.Helper()
	var lines []line
	for text := range strings.Lines(r.Log.String()) {
		l := line{text: text}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			if !strings.HasSuffix(text, "\n") {
				break // it is being written
			}
			t.Errorf("the log has a line that is no JSON: %s", text)
		}
		lines = append(lines, l)
	}
	return lines
}

// metric is one of the supervisor's, 0 when there is none of that name.
func (r *running) metric(t *testing.T, name string) float64 {
	t.Helper()
	_, body, err := r.get(t.Context(), contract.PortSupervisor, contract.PathMetrics)
	if err != nil {
		t.Fatal(err)
	}
	value, err := find(body, name)
	if err != nil {
		t.Error(err)
	}
	return value
}

func find(body, name string) (float64, error) {
	for text := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(text, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(rest), 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}
