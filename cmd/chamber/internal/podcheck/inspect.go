package podcheck

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/relay"
)

// notChecked is why no document was verified.
const notChecked = "attestation is not checked: give --measurements, a file from where the image was built. " +
	"What the pod itself says that it measured, in describe-enclaves or in its measurements.json, proves nothing"

// Inspect examines every pod. A finding that follows from another one of the same pod is
// left out.
func Inspect(all []Facts, o Options) Result {
	pods := make([]*pod, 0, len(all))
	for i := range all {
		p := &pod{Facts: &all[i], report: newReport(&all[i])}
		p.examine(o)
		pods = append(pods, p)
	}
	slices.SortFunc(pods, func(a, b *pod) int {
		return cmp.Or(cmp.Compare(a.Pod.Namespace, b.Pod.Namespace), cmp.Compare(a.Pod.Name, b.Pod.Name))
	})
	compareSignatures(pods)
	result := Result{Pods: make([]Report, 0, len(pods)), Notes: []string{}}
	for _, p := range pods {
		p.conclude()
		result.Pods = append(result.Pods, p.report)
	}
	if o.Policy == nil && len(pods) > 0 {
		result.Notes = append(result.Notes, notChecked)
	}
	return result
}

// pod is a pod while it is examined.
type pod struct {
	*Facts
	report Report
}

func newReport(f *Facts) Report {
	r := Report{
		Namespace: f.Pod.Namespace, Pod: f.Pod.Name, Node: f.Pod.Spec.NodeName, Phase: string(f.Pod.Status.Phase),
		Ready:   condition(&f.Pod, corev1.PodReady).Status == corev1.ConditionTrue,
		Upcheck: f.Up.Status, Healthcheck: f.Health.Status, Readyz: f.Ready.Status,
		Attestation: NotChecked, Findings: []Finding{}, Notes: []string{},
	}
	if status := containerStatus(&f.Pod); status != nil {
		r.Restarts = int(status.RestartCount)
	}
	if d := f.Supervisor; d != nil {
		r.State = clean(d.State)
		r.Debug = d.Enclave != nil && d.Enclave.Debug
	}
	if f.Pod.DeletionTimestamp != nil {
		r.Phase = "Terminating"
	}
	return r
}

// examine goes from the outside in, and no further than something is there to be asked.
func (p *pod) examine(o Options) {
	if p.Pod.DeletionTimestamp != nil {
		p.note("it was told to end, and is not examined")
		return
	}
	if !p.checkPod() || !p.checkSupervisor(o) {
		return
	}
	if p.checkSigner() {
		p.checkKeys()
		p.checkSignature()
	}
	p.checkAttestation(o)
}

func (p *pod) add(check Check, verdict, seen, cure string) {
	p.report.Findings = append(p.report.Findings, Finding{check, verdict, seen, cure})
}

func (p *pod) note(format string, args ...any) {
	p.report.Notes = append(p.report.Notes, fmt.Sprintf(format, args...))
}

// conclude sums up.
func (p *pod) conclude() {
	switch {
	case len(p.report.Findings) > 0:
		p.report.Verdict = p.report.Findings[0].Verdict
	case p.Pod.DeletionTimestamp != nil:
		p.report.Verdict = "ending"
	default:
		p.report.Verdict = OK
	}
	if more := len(p.report.Findings) - 1; more > 0 {
		p.report.Verdict += fmt.Sprintf(", and %d more", more)
	}
}

// kubectl is a command for this pod. args follow its name.
func (p *pod) kubectl(verb string, args ...string) string {
	command := fmt.Sprintf("`kubectl -n %s %s %s", p.Pod.Namespace, verb, p.Pod.Name)
	return strings.Join(append([]string{command}, args...), " ") + "`"
}

func (p *pod) describe() string { return p.kubectl("describe pod") }
func (p *pod) logs() string     { return p.kubectl("logs") }

// maxText is how much of others' texts is shown, in characters: what a preflight finds
// fits.
const maxText = 1000

// clean makes one line of a text from elsewhere, in which a terminal finds no command and
// nobody a secret: kubelet takes the last lines of a log for a container's last words.
func clean(text string) string {
	line := strings.Join(strings.FieldsFunc(relay.Mask(text), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if runes := []rune(line); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return line
}
