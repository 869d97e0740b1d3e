package capacity

import (
	"math/rand"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// randomRequest draws plausible and implausible numbers around the limits of a
// shape, since uniform ones would nearly all be refused for the same reason.
func randomRequest(rnd *rand.Rand, shapes []Shape) Request {
	s := shapes[rnd.Intn(len(shapes))]
	pick := func(values ...int) int { return values[rnd.Intn(len(values))] }
	r := Request{Shape: s, EnclavesPerNode: pick(1, 1, 1, 2, 2, 2, 3, 4, 4, 0, 5)}
	r.Enclave = Enclave{
		CPUs:      pick(1, 2, 2, 2, 2, 2, 4, 6, 3, 0, -2, s.MaxPool(), s.MaxPool()+s.ThreadsPerCore, s.VCPUs, rnd.Intn(s.VCPUs+4)),
		MemoryMiB: pick(256, 512, 768, 1024, 1024, 1536, 2048, 2048, 2560, 4096, 63, 0, -5, 2*rnd.Intn(2048), rnd.Intn(s.MemoryMiB+1000), s.MaxReservedMiB(), s.MaxReservedMiB()+2),
		ImageMiB:  pick(0, 0, 0, 0, 0, 40, 40, 200, 700, -1, 1<<40),
	}
	r.Reservation = []Reservation{"", "", Allocator, Direct, Direct, Direct, "kernel"}[rnd.Intn(7)]
	r.PageSize = []PageSize{"", "", "", "", "", Page1Gi, Page2Mi, Page32Mi, "64Ki"}[rnd.Intn(9)]
	return r
}

func TestAcceptedPlansPromiseOnlyWhatThereIs(t *testing.T) {
	t.Parallel()
	rnd, shapes, plans := rand.New(rand.NewSource(1)), Catalogue(), 0
	for range 6000 {
		r := randomRequest(rnd, shapes)
		p, err := New(r)
		if (err == nil) != accepted(r) || (err == nil) != (len(Diagnose(r)) == 0) {
			t.Fatalf("New, accepted and Diagnose disagree on %+v: %v", r, err)
		}
		if err != nil {
			continue
		}
		plans++
		checkPlan(t, r, p)
	}
	if plans < 500 {
		t.Errorf("only %d plans were accepted: the requests are too wild to prove anything", plans)
	}
}

func checkPlan(t *testing.T, r Request, p Plan) {
	t.Helper()
	s, n := r.Shape, r.EnclavesPerNode
	want := func(ok bool, what string) {
		t.Helper()
		if !ok {
			t.Errorf("%s: %+v", what, p)
		}
	}
	want(p.Slots == n && n <= contract.MaxEnclavesPerNode, "slots are not the enclaves asked for")
	want(p.CPUPool == n*r.Enclave.CPUs && p.CPUPool <= s.MaxPool(), "pool is more than the rule allows")
	want(p.CPUPool%s.ThreadsPerCore == 0, "pool splits a core")
	want(p.HostCPUs >= s.ThreadsPerCore && p.HostCPUs+p.CPUPool == s.VCPUs, "CPU 0's core is gone")
	want(p.HostCPUMillis > 0 && p.HostCPUMillis < 1000*p.HostCPUs, "host CPU is wrong")
	want(p.HostMemoryMiB >= MinHostMemoryMiB, "host has too little memory")
	want(p.HostMemoryMiB+p.ReservedMiB < s.MemoryMiB, "more memory than there is")
	want(p.ReservedMiB == n*r.Enclave.MemoryMiB && p.ReservedMiB <= s.MemoryMiB/s.NUMANodes, "reserved memory is wrong")
	want(len(p.NodePages) == len(p.EnclavePages) && len(p.NodePages) > 0, "page sizes differ")
	total := 0
	for i, e := range p.EnclavePages {
		want(e.Size == p.NodePages[i].Size && e.Count*n == p.NodePages[i].Count, "pages do not divide")
		total += e.MiB()
	}
	want(total == r.Enclave.MemoryMiB, "an enclave's pages are not its memory")
}

func TestMaxEnclavesAgreesWithNew(t *testing.T) {
	t.Parallel()
	rnd, shapes := rand.New(rand.NewSource(2)), Catalogue()
	for range 1000 {
		r := randomRequest(rnd, shapes)
		most := MaxEnclaves(r.Shape, r.Enclave, r.Reservation, r.PageSize)
		for n := 1; n <= contract.MaxEnclavesPerNode; n++ {
			r.EnclavesPerNode = n
			if _, err := New(r); (err == nil) != (n <= most) {
				t.Fatalf("MaxEnclaves is %d, but New of %+v says %v", most, r, err)
			}
		}
	}
}

// TestWaysOutWork applies every remedy together with the first ones of all other
// findings, and expects a plan.
func TestWaysOutWork(t *testing.T) {
	t.Parallel()
	rnd, shapes, tried := rand.New(rand.NewSource(3)), Catalogue(), 0
	for range 6000 {
		r := randomRequest(rnd, shapes)
		findings := Diagnose(r)
		if !allHaveRemedies(findings) {
			continue
		}
		for i, f := range findings {
			for _, m := range f.Remedies {
				tried++
				got := applyFirsts(r, findings, i, m)
				if _, err := New(got); err != nil {
					_, first := New(r)
					t.Fatalf("%+v\n%v\nremedy %+v of finding %d: %v", r, first, m, i, err)
				}
			}
		}
	}
	if tried < 3000 {
		t.Errorf("only %d remedies were tried", tried)
	}
}

func allHaveRemedies(findings []Finding) bool {
	for _, f := range findings {
		if len(f.Remedies) == 0 {
			return false
		}
	}
	return true
}

func applyFirsts(r Request, findings []Finding, but int, m Remedy) Request {
	for i, f := range findings {
		if i == but {
			r = m.Apply(r)
		} else {
			r = f.Remedies[0].Apply(r)
		}
	}
	return r
}

// TestEveryFaultHasAWayOut allows none only where nothing in the catalogue helps,
// and then still expects a clause.
func TestEveryFaultHasAWayOut(t *testing.T) {
	t.Parallel()
	rnd, shapes := rand.New(rand.NewSource(4)), Catalogue()
	for range 6000 {
		r := randomRequest(rnd, shapes)
		for _, f := range Diagnose(r) {
			if f.Fault.WayOut == "" {
				t.Fatalf("%+v: %v", r, f.Fault)
			}
			if len(f.Remedies) == 0 && !strings.Contains(f.Fault.WayOut, "an instance type") {
				t.Fatalf("%+v: no remedy, but %v", r, f.Fault)
			}
		}
	}
}

// TestAbsurdNumbers takes what integer arithmetic could wrap around.
func TestAbsurdNumbers(t *testing.T) {
	t.Parallel()
	numbers := []int{-1 << 63, -1 << 62, -1, 0, 1, 1 << 31, 1<<62 + 1, 1<<63 - 1}
	pick := func(rnd *rand.Rand) int { return numbers[rnd.Intn(len(numbers))] }
	rnd := rand.New(rand.NewSource(5))
	for range 2000 {
		r := Request{
			Shape:           Shape{"", X8664, pick(rnd), pick(rnd), pick(rnd), pick(rnd), pick(rnd), ""},
			Enclave:         Enclave{pick(rnd), pick(rnd), pick(rnd)},
			EnclavesPerNode: pick(rnd),
		}
		if rnd.Intn(2) == 0 {
			r.Shape, _ = LookupShape("m5.2xlarge")
		}
		if p, err := New(r); err == nil {
			t.Fatalf("accepted %+v", p)
		}
	}
}
