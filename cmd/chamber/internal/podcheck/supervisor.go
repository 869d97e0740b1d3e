package podcheck

import (
	"errors"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// checkSupervisor tells whether the enclave's services can be expected to answer. They
// are asked too when the supervisor does not say.
func (p *pod) checkSupervisor(o Options) bool {
	d := p.Supervisor
	if d == nil {
		p.addUnasked()
		return true
	}
	if p.report.Debug {
		p.checkDebug(o)
	}
	since := "since " + d.Since.UTC().Format(time.RFC3339)
	switch state := lifecycle.State(d.State); state {
	case lifecycle.Ready:
		return true
	case lifecycle.Draining, lifecycle.Stopped:
		p.add(CheckSupervisor, "draining", sentence("the supervisor is "+d.State+" "+since, d.Reason),
			"wait: kubelet starts the container again, unless the pod is deleted")
	case lifecycle.Failed:
		p.add(CheckSupervisor, "failed", sentence("the supervisor has failed", d.Reason), "kubelet starts the container again; "+p.logs())
	case lifecycle.Preflight, lifecycle.Starting, lifecycle.Booting, lifecycle.Bootstrapping:
		p.add(CheckSupervisor, "starting", sentence("the supervisor is "+d.State+" "+since, d.Reason),
			"wait: an enclave may take some minutes, and longer when others start on the same node; "+p.logs())
	default:
		p.add(CheckSupervisor, "unknown state", "this version does not know the supervisor's state "+p.report.State, "use the chamber command of the image's version")
		return true
	}
	return false
}

// checkDebug is by the supervisor's word; a document says it for sure.
func (p *pod) checkDebug(o Options) {
	const seen = "the enclave is in debug mode: its image is not measured, and its node reads its console"
	if o.Policy != nil && o.Policy.AllowDebug {
		p.note(seen)
		return
	}
	p.add(CheckSupervisor, "debug mode", seen, "take debug mode out of ContainmentChamber's arguments, and give it no real keys until then")
}

func (p *pod) addUnasked() {
	err := p.SupervisorErr
	switch {
	case err == nil:
	case forbidden(err):
		p.add(CheckSupervisor, "no right to ask", "the supervisor could not be asked: "+clean(err.Error()), "chamber status --help says which rights it needs")
	case strings.Contains(err.Error(), "unknown command"):
		p.note("the supervisor's state is not known: its image is of a version before chamber status")
	default:
		p.add(CheckSupervisor, "no answer", "the supervisor could not be asked: "+clean(err.Error()), p.logs())
	}
}

// forbidden knows the API server's refusal also in what client-go makes of it when it
// upgrades a connection.
func forbidden(err error) bool {
	return apierrors.IsForbidden(err) || strings.Contains(err.Error(), " is forbidden: ")
}

// unanswered explains why there is no answer.
func (p *pod) unanswered(check Check, what string, a Answer) {
	var refusal interface{ Timeout() bool }
	switch {
	case forbidden(a.Err):
		p.add(check, "no right to ask", what+" could not be asked: "+clean(a.Err.Error()), "chamber status --help says which rights it needs")
	case errors.As(a.Err, &refusal) && refusal.Timeout():
		p.add(check, "no answer", what+" did not answer in time", p.logs())
	default:
		p.add(check, "no answer", what+" does not answer: "+clean(a.Err.Error()), p.logs())
	}
}
