package podcheck

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// checkPod tells whether there is a container that can be asked.
func (p *pod) checkPod() bool {
	status := containerStatus(&p.Pod)
	switch {
	case p.Pod.Status.Phase == corev1.PodFailed || p.Pod.Status.Phase == corev1.PodSucceeded:
		p.add(CheckPod, "ended", "the pod has ended: "+sentence(p.Pod.Status.Reason, p.Pod.Status.Message, string(p.Pod.Status.Phase)),
			"its Deployment starts another one; remove it with "+p.kubectl("delete pod"))
	case p.Pod.Spec.NodeName == "":
		p.checkScheduling()
	case status == nil:
		p.add(CheckPod, "starting", "kubelet has not reported on the container yet", "wait; if it stays so, "+p.describe())
	case status.State.Waiting != nil:
		p.checkWaiting(status)
	case status.State.Terminated != nil:
		p.addDeath(status.State.Terminated)
	default:
		p.noteDeath(status)
		return true
	}
	return false
}

func (p *pod) checkScheduling() {
	scheduled := condition(&p.Pod, corev1.PodScheduled)
	message := clean(cmp.Or(scheduled.Message, scheduled.Reason, "the scheduler has not looked at it yet"))
	for _, resource := range []string{contract.ResourceEnclaves, contract.ResourceHugepagesPrefix} {
		if strings.Contains(message, resource) {
			p.add(CheckPod, "no free slot", "no node has a free slot for its enclave: "+message,
				"`chamber nodes` says what the enclave nodes offer and whether it is what they should; otherwise more nodes, or fewer replicas")
			return
		}
	}
	p.add(CheckPod, "no node", "it is on no node: "+message, "`chamber nodes` says whether the cluster's enclave nodes are what they should be")
}

// checkWaiting is of a container that kubelet cannot start, or will start again.
func (p *pod) checkWaiting(status *corev1.ContainerStatus) {
	w := status.State.Waiting
	seen := "kubelet does not start the container: " + sentence(w.Reason, w.Message)
	switch {
	case w.Reason == "CrashLoopBackOff" && status.LastTerminationState.Terminated != nil:
		p.addDeath(status.LastTerminationState.Terminated)
	case strings.Contains(w.Reason, "Image"):
		p.add(CheckPod, "no image", seen,
			fmt.Sprintf("see that %s exists for this architecture and that the node may pull it; %s", clean(status.Image), p.describe()))
	case w.Reason == "ContainerCreating" || w.Reason == "PodInitializing":
		p.add(CheckPod, "starting", seen, "wait; if it stays so, "+p.describe())
	case strings.Contains(w.Message, "seccomp"):
		p.add(CheckPod, "no seccomp profile", seen, "use nodes of EnclaveNodeGroup, or install the profile from its user data as "+contract.SeccompRoot+"/"+contract.SeccompProfile)
	default:
		p.add(CheckPod, "not started", seen, p.describe())
	}
}

// addDeath is of a container that has ended and is not there now.
func (p *pod) addDeath(t *corev1.ContainerStateTerminated) {
	d := deathOf(t)
	p.add(CheckPod, d.verdict, fmt.Sprintf("the container has ended %d times, the last time at %s: %s",
		max(p.report.Restarts, 1), t.FinishedAt.UTC().Format(time.RFC3339), d.seen(t)), d.cure+"; "+p.kubectl("logs", "--previous"))
}

// noteDeath is of an earlier end of a container that runs now.
func (p *pod) noteDeath(status *corev1.ContainerStatus) {
	if t := status.LastTerminationState.Terminated; t != nil {
		p.note("the container was restarted %d times, the last time at %s: %s", p.report.Restarts, t.FinishedAt.UTC().Format(time.RFC3339), deathOf(t).seen(t))
	}
}

// death is what an exit code of the supervisor means (docs/supervisor.md), in a few words
// and with what to do. The message of the container says it in full.
type death struct{ verdict, meaning, cure string }

var deaths = map[int32]death{
	0: {"ended", "it was told to end", "kubelet starts it again"},
	1: {"supervisor failed", "the supervisor itself", "see that no other container of the pod takes its ports"},
	2: {"bad environment", "the environment cannot be used", "mend the arguments of ContainmentChamber that the message names"},
	3: {"preflight failed", "the node or the pod has not what the enclave needs", "do what the message says of each finding; `chamber nodes` checks the node"},
	4: {"enclave not started", "the enclave was not started, or gave no sign of life in time", "`chamber nodes` says whether the node has CPUs and pages for it; `chamber eif inspect` says whether the image is whole"},
	5: {"bootstrap refused", "the enclave does not answer on its control channel, or its measured policy refuses what the pod asks for", "build the image with a policy that allows what the message names, or leave that out of the pod"},
	6: {"intrusion", "somebody else was faster with the bootstrap, or the enclave is not the one that was measured", "find out what else on the node can reach enclaves, and whether image and measurements.json are of one build, before anything else"},
	7: {"signer ended", "the signer has ended by itself", "read the signer's last lines"},
	8: {"enclave ended", "the enclave has ended by itself, or fell silent", "read the last lines; an enclave that has too little memory ends so"},
}

func deathOf(t *corev1.ContainerStateTerminated) death {
	if t.Reason == "OOMKilled" {
		return death{"out of memory", "it used more memory than its limit", "raise the memory of the pod's resources; the enclave's own is apart from it"}
	}
	if d, ok := deaths[t.ExitCode]; ok {
		return d
	}
	return death{"crashed", "this version does not know the code", "read the last lines"}
}

func (d death) seen(t *corev1.ContainerStateTerminated) string {
	return sentence(fmt.Sprintf("exit code %d", t.ExitCode), d.meaning, t.Message)
}

// sentence joins what is not empty, on one line.
func sentence(parts ...string) string {
	var all []string
	for _, part := range parts {
		if part = clean(part); part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, ": ")
}
